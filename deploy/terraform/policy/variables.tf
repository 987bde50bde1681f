variable "partition" {
  description = "The AWS partition, as in ARNs."
  type        = string
}

variable "domains" {
  description = "The ids of the hosted zones, by the names of the domains in them."
  type        = map(string)
}
