resource "helm_release" "flux" {
  repository = "https://fluxcd-community.github.io/helm-charts"
  chart      = "flux2"
  run: flux install --version=v2.4.0 --export > x.yaml
}
