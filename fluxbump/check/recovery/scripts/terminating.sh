# --- 1. Stop every controller. One that runs deletes your workloads.
found=$(deleting)
test -n "$found" || stop 'nothing waits to be deleted: take the next recovery'
stop_controllers

# --- 2. Save every object of Flux, in a new directory.
mkdir "$SAVED"
found=$(kinds)
for kind in $found; do
  kubectl get "$kind" --all-namespaces --output yaml > "$SAVED/$kind.yaml"
done

# --- 3. Remove the finalizers of every object of Flux. No controller runs, so nothing else goes.
found=$(kinds)
for kind in $found; do
  objects=$(kubectl get "$kind" --all-namespaces --no-headers --output \
    custom-columns=IN:.metadata.namespace,NAME:.metadata.name)
  printf '%s\n' "$objects" | while read -r namespace name; do
    test -z "$name" || kubectl --namespace "$namespace" patch "$kind" "$name" \
      --type merge --patch '{"metadata":{"finalizers":null}}'
  done
done

# --- 4. Wait until the CRDs that were being deleted are gone.
tries=0
while :; do
  left=$(deleting_of customresourcedefinitions) || stop 'cannot ask the cluster'
  test -n "$left" || break
  tries=$((tries + 1))
  test "$tries" -le 60 || stop "after five minutes these are still being deleted:
$left"
  sleep 5
done
nothing_is_deleted
