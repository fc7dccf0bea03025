package main
var u = map[string]string{
"2.5.1": "https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml",
}
var c = `"' https://github.com/fluxcd/flux2/releases/download/v2.4.0/install.yaml
