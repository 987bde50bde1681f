locals {
  # One entry for each record of a pair: CNAMEs, or alias records of each type.
  records = merge([
    for name, domain in var.domains : merge([
      for type in domain.alias == null ? ["CNAME"] : tolist(domain.alias.types) : {
        for side in ["primary", "backup"] : "${name}/${type}/${side}" => {
          domain = name
          type   = type
          side   = side
        }
      }
    ]...)
  ]...)

  checks = merge([
    for name, domain in var.domains : {
      for side in ["primary", "backup"] : "${name}/${side}" => {
        domain = name
        host   = trimsuffix(domain.alias == null ? (side == "primary" ? domain.primary : domain.backup) : (side == "primary" ? domain.alias.primary.name : domain.alias.backup.name), ".")
      }
    } if domain.health_checks
  ]...)
}

resource "aws_route53_record" "pair" {
  for_each = local.records

  zone_id         = var.domains[each.value.domain].zone_id
  name            = each.value.domain
  type            = each.value.type
  set_identifier  = each.value.side
  ttl             = each.value.type == "CNAME" ? var.domains[each.value.domain].ttl : null
  records         = each.value.type == "CNAME" ? [each.value.side == "primary" ? var.domains[each.value.domain].primary : var.domains[each.value.domain].backup] : null
  health_check_id = var.domains[each.value.domain].health_checks ? aws_route53_health_check.side["${each.value.domain}/${each.value.side}"].id : null

  weighted_routing_policy {
    weight = each.value.side == "primary" ? var.domains[each.value.domain].weights.primary : var.domains[each.value.domain].weights.backup
  }

  dynamic "alias" {
    for_each = each.value.type == "CNAME" ? [] : [each.value.side == "primary" ? var.domains[each.value.domain].alias.primary : var.domains[each.value.domain].alias.backup]
    content {
      name    = alias.value.name
      zone_id = alias.value.zone_id
      # Whether a side is up is decided by tranche, and by the health checks of a standing failover.
      evaluate_target_health = false
    }
  }

  # What tranche changes: the weight with every switch, the health check with a standing failover. Everything else it writes back as it was.
  lifecycle {
    ignore_changes = [weighted_routing_policy, health_check_id]
  }
}

# As those of tranche's own standing failover (docs/standing-failover.md).
resource "aws_route53_health_check" "side" {
  for_each = local.checks

  type              = "HTTPS"
  fqdn              = each.value.host
  port              = 443
  resource_path     = var.domains[each.value.domain].probe_path
  request_interval  = 10
  failure_threshold = 3
  enable_sni        = true

  # Somebody may disable one so that DNS answers by weight alone; Terraform must not undo that.
  lifecycle {
    ignore_changes = [disabled]
  }
}

module "policy" {
  source = "./policy"

  partition = var.partition
  domains   = { for name, domain in var.domains : name => domain.zone_id }
}

module "access" {
  source = "./access"
  count  = var.access == null ? 0 : 1

  role_name        = var.access.role_name
  principal_arn    = var.access.principal_arn
  external_id      = var.access.external_id
  policy_documents = var.access.policy_documents == null ? module.policy.documents : var.access.policy_documents
}
