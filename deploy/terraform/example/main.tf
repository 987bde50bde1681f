module "shop" {
  source = "../"

  domains = {
    "app.shop.example.com" = {
      zone_id = "Z0123456789ABCDEFGHIJ"
      primary = "app.shop.example.com.cdn.cloudflare.net"
      backup  = "shop.map.fastly.net"
    }
    # A zone's own name takes no CNAME: alias records, here to two CloudFront distributions.
    "shop.example.com" = {
      zone_id = "Z0123456789ABCDEFGHIJ"
      alias = {
        primary = { name = "d111111abcdef8.cloudfront.net", zone_id = "Z2FDTNDATAQYW2" }
        backup  = { name = "d222222abcdef8.cloudfront.net", zone_id = "Z2FDTNDATAQYW2" }
      }
    }
  }

  access = {
    principal_arn = "arn:aws:iam::210987654321:user/tranche"
    external_id   = "7f0c3d52-6a52-4a39-9d6c-0b5d2f1f7a11"
  }
}

output "role_arn" {
  value = module.shop.role_arn
}
