# The policy of GET /v1/services/{id}/iam-policy for domains whose zones are known and whose names fit (docs/iam.md). It needs no provider.

terraform {
  required_version = ">= 1.5"
}

locals {
  hosted_zones = sort(distinct(values(var.domains)))

  # As the condition key has them: an asterisk is octal.
  names_by_zone = {
    for zone in local.hosted_zones : zone => sort([for name, own in var.domains : replace(name, "*", "\\052") if own == zone])
  }

  names_key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
  arn       = "arn:${var.partition}:route53:::"

  statements = concat(
    [
      { Sid = "FindZones", Effect = "Allow", Action = ["route53:ListHostedZonesByName"], Resource = ["*"] },
      { Sid = "FollowChanges", Effect = "Allow", Action = ["route53:GetChange"], Resource = ["${local.arn}change/*"] },
      {
        Sid      = "ReadHealth"
        Effect   = "Allow"
        Action   = ["route53:GetHealthCheck", "route53:GetHealthCheckStatus"]
        Resource = ["${local.arn}healthcheck/*"]
      },
      {
        Sid      = "StandingFailover"
        Effect   = "Allow"
        Action   = ["route53:GetHealthCheck", "route53:UpdateHealthCheck", "route53:DeleteHealthCheck"]
        Resource = ["${local.arn}healthcheck/*"]
      },
      {
        Sid      = "StandingFailoverChecks"
        Effect   = "Allow"
        Action   = ["route53:CreateHealthCheck", "route53:ListHealthChecks"]
        Resource = ["*"]
      },
    ],
    length(local.hosted_zones) == 0 ? [] : [
      {
        Sid      = "ReadRecords"
        Effect   = "Allow"
        Action   = ["route53:ListResourceRecordSets"]
        Resource = [for zone in local.hosted_zones : "${local.arn}hostedzone/${zone}"]
      },
    ],
    # A batch holds names of one zone, and one statement has to cover all of them.
    [
      for index, zone in local.hosted_zones : {
        Sid      = "SwitchWeights${index + 1}"
        Effect   = "Allow"
        Action   = ["route53:ChangeResourceRecordSets"]
        Resource = ["${local.arn}hostedzone/${zone}"]
        Condition = {
          "ForAllValues:StringEquals" = {
            (local.names_key)                             = local.names_by_zone[zone]
            "route53:ChangeResourceRecordSetsRecordTypes" = ["A", "AAAA", "CNAME"]
            "route53:ChangeResourceRecordSetsActions"     = ["CREATE", "DELETE"]
          }
          # ForAllValues is true for a request without the key.
          Null = { (local.names_key) = "false" }
        }
      }
    ],
  )

  document = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}
