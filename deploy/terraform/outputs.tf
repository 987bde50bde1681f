output "role_arn" {
  description = "For POST /v1/dns-accounts; null without access."
  value       = one(module.access[*].role_arn)
}

output "policy_documents" {
  description = "The least that tranche needs for these domains, as JSON: to be attached where access is null."
  value       = module.policy.documents
}

output "records" {
  description = "The records of each pair, by name, type and side."
  value       = { for key, record in aws_route53_record.pair : key => record.fqdn }
}

output "health_check_ids" {
  description = "The health checks that Terraform keeps, by name and side."
  value       = { for key, check in aws_route53_health_check.side : key => check.id }
}
