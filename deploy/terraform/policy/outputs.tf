output "documents" {
  description = "One document, as JSON."
  value       = [local.document]

  precondition {
    # IAM quotas: the characters of a customer managed policy. What is encoded here has no white space.
    condition     = length(local.document) <= 6144
    error_message = "The policy of these domains is longer than the 6,144 characters of a managed policy: give access.policy_documents, those of GET /v1/services/{id}/iam-policy, which are split and widened."
  }
}
