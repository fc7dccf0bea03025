# --- 1. Delete what Helm remembers of the release, and install the release that ran.
nothing_is_deleted
no_owner
test -n "$CHART" || stop 'repair the repository, then set CHART to its chart version'
test -s "$BOOTSTRAP" || stop 'set BOOTSTRAP to the file with the GitRepository and the Kustomization'
kubectl --namespace "$STORAGE" delete secrets --selector "owner=helm,name=$RELEASE"
kubectl apply --server-side --force-conflicts --filename "$INSTALL"
found=$(kinds)
for kind in $found; do
  kubectl wait "customresourcedefinitions/$kind" --for condition=Established --timeout 2m
done

# --- 2. Apply the bootstrap source and Kustomization. Git brings the other objects back.
kubectl apply --server-side --force-conflicts --filename "$BOOTSTRAP"
