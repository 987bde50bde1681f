variable "role_name" {
  description = "The name of the role, as in the role_arn that tranche was given."
  type        = string

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,64}$", var.role_name))
    error_message = "role_name must have up to 64 letters, digits or characters of _+=,.@-."
  }
}

variable "principal_arn" {
  description = "The user or role by which the deployment calls AWS."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(user|role)/[!-~]+)$", var.principal_arn))
    error_message = "principal_arn must be the ARN of an IAM user, role or account root."
  }
}

variable "external_id" {
  description = "Made by tranche for this account, and for no other: the answer to POST /v1/dns-accounts or /v1/cost/accounts has it."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.external_id))
    error_message = "external_id must be the external_id of the answer, a UUID: without it others could use the role."
  }
}

variable "policy_documents" {
  description = "Policy documents as JSON: all of GET /v1/services/{id}/iam-policy, or of GET /v1/cost/accounts/{id}/iam-policy."
  type        = list(string)

  validation {
    condition     = length(var.policy_documents) >= 1 && length(var.policy_documents) <= 10
    error_message = "policy_documents must be 1 to 10: AWS attaches no more to a role."
  }
  validation {
    condition     = alltrue([for document in var.policy_documents : can(jsondecode(document).Statement) && length(document) <= 6144])
    error_message = "policy_documents must be JSON without white space, each with Statement and at most 6,144 characters."
  }
}
