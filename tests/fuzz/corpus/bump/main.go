package main
var u = "https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml"
func f(x string) bool { return strings.Contains(x, "https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml") }
