# A role that tranche assumes, and nobody else can by way of it: docs/iam.md, "A role instead of a key".

resource "aws_iam_role" "tranche" {
  name = var.role_name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = var.principal_arn }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = var.external_id } }
    }]
  })
}

resource "aws_iam_policy" "tranche" {
  count = length(var.policy_documents)

  name   = "${var.role_name}-${count.index + 1}"
  policy = var.policy_documents[count.index]
}

resource "aws_iam_role_policy_attachment" "tranche" {
  count = length(var.policy_documents)

  role       = aws_iam_role.tranche.name
  policy_arn = aws_iam_policy.tranche[count.index].arn
}
