new HelmChart(this, "flux", { chart: "flux2", version: "2.14.1", repository: `https://fluxcd-community.github.io/helm-charts` }) // x
