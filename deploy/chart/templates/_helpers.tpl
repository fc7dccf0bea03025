{{- define "fluxbump.name" -}}
{{- if contains "fluxbump" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}{{ printf "%s-fluxbump" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "fluxbump.selectorLabels" -}}
app.kubernetes.io/name: fluxbump
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "fluxbump.labels" -}}
{{ include "fluxbump.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "fluxbump.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- /* One of the two, or there is nothing that the job could do. */ -}}
{{- define "fluxbump.check" -}}
{{- if and .Values.run.repo .Values.fleet.file }}
{{- fail "set run.repo or fleet.file, not both: each is a job of its own" }}
{{- else if not (or .Values.run.repo .Values.fleet.file) }}
{{- fail "set run.repo to the URL of a repository, or fleet.file to the file of a fleet" }}
{{- end }}
{{- end }}
