variable "domains" {
  description = <<-EOT
    The domains of one insured service, by name. `zone_id` is that of the hosted zone that the name is in. `primary` and `backup` are the
    hostnames at the two CDNs, and the pair is of CNAMEs; or, as a zone's own name takes no CNAME, `alias` has the two targets of alias
    records of the given types. `weights` are those of calm: they count when the pair is created, and are tranche's from then on.
    `probe_path` and `health_checks` are for health checks that Terraform keeps: see README.md before you want them.
  EOT
  type = map(object({
    zone_id = string
    primary = optional(string)
    backup  = optional(string)
    ttl     = optional(number, 60)
    alias = optional(object({
      types   = optional(set(string), ["A", "AAAA"])
      primary = object({ name = string, zone_id = string })
      backup  = object({ name = string, zone_id = string })
    }))
    weights       = optional(object({ primary = number, backup = number }), { primary = 100, backup = 0 })
    health_checks = optional(bool, false)
    probe_path    = optional(string, "/")
  }))

  validation {
    condition     = alltrue([for name in keys(var.domains) : can(regex("^(\\*\\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\\.)+[a-z0-9-]{2,63}$", name)) && length(name) <= 253])
    error_message = "domains: each key must be a hostname in lower case without a dot at its end, such as app.example.com or *.example.com."
  }
  validation {
    condition     = alltrue([for domain in values(var.domains) : can(regex("^Z[A-Z0-9]{1,31}$", domain.zone_id))])
    error_message = "domains: zone_id must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ, without /hostedzone/."
  }
  validation {
    condition     = alltrue([for domain in values(var.domains) : domain.alias != null ? domain.primary == null && domain.backup == null : domain.primary != null && domain.backup != null])
    error_message = "domains: each needs primary and backup, or alias instead of both."
  }
  validation {
    condition = alltrue(flatten([for domain in values(var.domains) : [
      for target in compact([domain.primary, domain.backup]) : can(regex("^([a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\\.)+[a-zA-Z0-9-]{2,63}\\.?$", target))
    ]]))
    error_message = "domains: primary and backup must be hostnames: a CNAME leads to nothing else."
  }
  validation {
    condition     = alltrue([for domain in values(var.domains) : domain.primary == null || domain.primary != domain.backup])
    error_message = "domains: primary and backup must differ."
  }
  validation {
    condition     = alltrue([for domain in values(var.domains) : domain.ttl >= 1 && domain.ttl <= 60 && floor(domain.ttl) == domain.ttl])
    error_message = "domains: ttl must be 1 to 60 whole seconds: so long may a visitor stay on a dead CDN after a switch."
  }
  validation {
    condition = alltrue([for domain in values(var.domains) :
      alltrue([for weight in [domain.weights.primary, domain.weights.backup] : weight >= 0 && weight <= 255 && floor(weight) == weight]) && domain.weights.primary > 0
    ])
    error_message = "domains: weights must be whole numbers from 0 to 255, that of the primary above 0."
  }
  validation {
    condition     = alltrue([for domain in values(var.domains) : domain.alias == null ? true : length(domain.alias.types) > 0 && length(setsubtract(domain.alias.types, ["A", "AAAA"])) == 0])
    error_message = "domains: the types of alias records are A, AAAA or both."
  }
  validation {
    condition     = alltrue([for domain in values(var.domains) : can(regex("^/[!-~]{0,254}$", domain.probe_path))])
    error_message = "domains: probe_path must begin with / and have up to 255 visible ASCII characters."
  }
}

variable "access" {
  description = <<-EOT
    The role that tranche assumes; null: it has an access key, or this is done elsewhere. `principal_arn` is the user or role of the
    deployment, which its operator tells; `external_id` is that of the answer to POST /v1/dns-accounts.
    `policy_documents` are those of GET /v1/services/{id}/iam-policy, as JSON; null: the policy is made for `domains`, which is enough where
    the customer has no other service in this AWS account.
  EOT
  type = object({
    principal_arn    = string
    external_id      = string
    role_name        = optional(string, "tranche")
    policy_documents = optional(list(string))
  })
  default = null
}

variable "partition" {
  description = "The AWS partition: aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws"

  validation {
    condition     = contains(["aws", "aws-cn", "aws-us-gov"], var.partition)
    error_message = "partition must be aws, aws-cn or aws-us-gov."
  }
}
