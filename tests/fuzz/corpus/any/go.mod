module example.org/x

go 1.24

require (
	github.com/fluxcd/flux2/v2 v2.4.0 // indirect
)
