# --- Look: the controllers, the HelmRelease, and that nothing waits to be deleted.
nothing_is_deleted
kubectl --namespace "$CONTROLLERS" get deployments --output wide
kubectl --namespace "$NAMESPACE" get helmreleases.helm.toolkit.fluxcd.io --output wide
