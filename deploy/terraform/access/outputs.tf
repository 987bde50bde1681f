output "role_arn" {
  description = "For POST /v1/dns-accounts or /v1/cost/accounts."
  value       = aws_iam_role.tranche.arn
}
