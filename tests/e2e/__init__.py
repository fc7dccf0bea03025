"""Tests against a real Kubernetes API server; `make e2e` builds it and runs them."""
