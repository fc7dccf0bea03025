# Stop here, and say why.
stop() {
  printf 'stopped: %s\n' "$1" >&2
  exit 1
}

# The kinds of Flux that this cluster has, one on a line.
kinds() {
  crds=$(kubectl get customresourcedefinitions --output name) || exit 1
  printf '%s\n' "$crds" | sed -n 's|.*/\(.*\.toolkit\.fluxcd\.io\)$|\1|p'
}

# Those of some kinds that wait to be deleted, one on a line.
deleting_of() {
  listed=$(for kind in "$@"; do
    kubectl get "$kind" --all-namespaces --no-headers --output \
      custom-columns=KIND:.kind,IN:.metadata.namespace,NAME:.metadata.name,DELETING:.metadata.deletionTimestamp || exit 1
  done) || exit 1
  printf '%s\n' "$listed" |
    awk 'NF == 4 && $4 != "<none>" && ($1 != "CustomResourceDefinition" || $3 ~ /\.toolkit\.fluxcd\.io$/)'
}

# The CRDs and objects of Flux that wait to be deleted, one on a line.
deleting() {
  found=$(kinds) || exit 1
  deleting_of customresourcedefinitions $found
}

# Stop if anything of Flux waits to be deleted: a controller would finish the deletion.
nothing_is_deleted() {
  found=$(deleting) || stop 'cannot ask the cluster'
  test -z "$found" || stop "these wait to be deleted:
$found"
}

# Stop if the HelmRelease that owns Flux is there: a new helm-controller would act on it at once.
no_owner() {
  found=$(kinds) || stop 'cannot ask the cluster'
  for kind in $found; do
    test "$kind" = helmreleases.helm.toolkit.fluxcd.io || continue
    owner=$(kubectl --namespace "$NAMESPACE" get "$kind" "$HELMRELEASE" --ignore-not-found --output name) ||
      stop 'cannot ask the cluster'
    test -z "$owner" || stop "$owner is there: take the recovery for CRDs that are alive"
  done
}

# Scale the controllers of Flux to zero, and wait until no pod of them is left.
stop_controllers() {
  for name in source-controller kustomize-controller helm-controller \
    notification-controller image-reflector-controller image-automation-controller; do
    running=$(kubectl --namespace "$CONTROLLERS" get deployment "$name" --ignore-not-found --output name) ||
      stop 'cannot ask the cluster'
    test -z "$running" || kubectl --namespace "$CONTROLLERS" scale deployment "$name" --replicas 0
    kubectl --namespace "$CONTROLLERS" wait pods --selector "app=$name" --for delete --timeout 2m
  done
}

# Suspend (true) or resume (null) the HelmRelease that owns Flux. Under this name of a field manager,
# kustomize-controller leaves alone what Git does not set.
suspend() {
  kubectl --namespace "$NAMESPACE" patch helmreleases.helm.toolkit.fluxcd.io "$HELMRELEASE" \
    --field-manager flux-client-side-apply --type merge --patch "{\"spec\":{\"suspend\":$1}}"
}

# Wait until Git has brought the repaired chart version to the HelmRelease.
wait_for_chart() {
  test -n "$CHART" || stop 'repair the repository, then set CHART to its chart version'
  kubectl --namespace "$NAMESPACE" wait "helmreleases.helm.toolkit.fluxcd.io/$HELMRELEASE" \
    --for "jsonpath={.spec.chart.spec.version}=$CHART" --timeout 30m
}
