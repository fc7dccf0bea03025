# --- 1. Suspend the HelmRelease of Flux. It must not act before the repository is repaired.
nothing_is_deleted
suspend true

# --- 2. Install the release that the cluster stores. The controllers come back.
kubectl apply --server-side --force-conflicts --filename "$INSTALL"

# --- 3. Wait for the repaired chart. Repair, merge and publish it now, if that is not done.
wait_for_chart

# --- 4. Delete the record of the uninstall, then resume. Helm adopts what runs.
kubectl --namespace "$STORAGE" delete secrets --selector "owner=helm,name=$RELEASE"
suspend null
