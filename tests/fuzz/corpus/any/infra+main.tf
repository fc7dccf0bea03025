locals { v = "2.14.1" }
resource "helm_release" "flux2" {
  chart      = "flux2"
  repository = "https://fluxcd-community.github.io/helm-charts"
  version    = local.v # moves
  values = [<<-EOT
    a: ${jsonencode({ b = "c" })}
  EOT
  ]
  dynamic "set" { for_each = {} content { name = "x" } }
}
resource "flux_bootstrap_git" "this" { version = "v2.4.0" }
