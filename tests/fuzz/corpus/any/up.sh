#!/bin/bash
set -e
VERSION="${1:-2.4.0}" ; CHART=2.14.1
helm repo add fc https://fluxcd-community.github.io/helm-charts
helm upgrade -i flux fc/flux2 \
  --version "$CHART" # the chart
cat <<EOF | kubectl apply -f -
kind: HelmRelease
spec: {chart: {spec: {chart: flux2, version: $CHART}}}
EOF
f() { kubectl apply -f "https://github.com/fluxcd/flux2/releases/download/v$1/install.yaml"; }
f 2.4.0
