# --- 1. Suspend the HelmRelease of Flux, and stop every controller.
nothing_is_deleted
suspend true
stop_controllers

# --- 2. Move the storage flag of each CRD back to the version that the older release stores.
for pair in $OLDER; do
  crd=${pair%=*} older=${pair#*=}
  names=$(kubectl get customresourcedefinitions "$crd" --output 'jsonpath={.spec.versions[*].name}')
  patch=$(printf '%s\n' $names | awk -v older="$older" '
    { printf "%s{\"op\":\"replace\",\"path\":\"/spec/versions/%d/storage\",\"value\":%s}",
      (NR > 1 ? "," : ""), NR - 1, ($1 == older ? "true" : "false") }')
  kubectl patch customresourcedefinitions "$crd" --type json --patch "[$patch]"
done
sleep 10 # every API server has to learn it

# --- 3. Write every object again, without the managedFields that name the newer version.
for pair in $OLDER; do
  crd=${pair%=*} older=${pair#*=}
  objects=$(kubectl get "$crd" --all-namespaces --no-headers --output \
    custom-columns=IN:.metadata.namespace,NAME:.metadata.name)
  printf '%s\n' "$objects" | while read -r namespace name; do
    test -z "$name" || kubectl --namespace "$namespace" patch "$crd" "$name" \
      --type merge --patch '{"metadata":{"managedFields":[{}]}}'
  done
  kubectl patch customresourcedefinitions "$crd" --subresource status \
    --type merge --patch "{\"status\":{\"storedVersions\":[\"$older\"]}}"
done

# --- 4. Install the older release. Its controllers start.
kubectl apply --server-side --force-conflicts --filename "$INSTALL"

# --- 5. Wait for the chart of the older release, then resume.
wait_for_chart
suspend null
