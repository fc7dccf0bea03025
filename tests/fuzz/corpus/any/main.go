package main

// Flux 2.3.0 is old
const v = "2.4.0" /* flux2 2.13.0 */
var u = "https://github.com/fluxcd/flux2/releases/download/v" + v + "/install.yaml"
var c = `helm install flux2 --version 2.14.1`
