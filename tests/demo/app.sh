# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# The objects of the demo, as text.

# deployment NAME VERSION [ENV=VALUE...]: an ordinary Deployment.
deployment() {
    local name=$1 version=$2 pair
    shift 2
    cat <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name}
spec:
  replicas: 3
  selector: {matchLabels: {app: $name}}
  template:
    metadata:
      labels: {app: $name}
      annotations: {prometheus.io/scrape: 'true', prometheus.io/port: '8080'}
    spec:
      containers:
        - name: app
          image: sluice.test/app:$version
          imagePullPolicy: Never
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 1}
          resources: {requests: {cpu: 10m, memory: 16Mi}}
          env:
            - {name: GRACEFUL, value: '1'}
YAML
    for pair; do
        echo "            - {name: ${pair%%=*}, value: '${pair#*=}'}"
    done
}

service() { # NAME
    cat <<YAML
apiVersion: v1
kind: Service
metadata: {name: $1}
spec: {selector: {app: $1}, ports: [{name: http, port: 80, targetPort: http}]}
YAML
}

rollout_blue_green() {
    cat <<YAML
apiVersion: sluice.dev/v1beta1
kind: Rollout
metadata: {name: shop}
spec:
  targetRef: {name: shop}
  strategy:
    blueGreen: {activeService: shop, switch: Approve}
  drain: 2s
  bake: 10s
YAML
    [ -z "$probed" ] || cat <<YAML
  gates:
    - name: smoke
      probe: {http: {path: /healthz}, every: 1s}
YAML
}

rollout_canary() {
    cat <<YAML
apiVersion: sluice.dev/v1beta1
kind: Rollout
metadata: {name: web}
spec:
  targetRef: {name: web}
  strategy:
    canary:
      stableService: web
      traffic:
        - gatewayAPI: {name: web}
      steps:
        - {weight: 10, hold: 3s}
        - {weight: 50, hold: 3s}
  gates:
    - name: errors
      metric:
        prometheus:
          address: $prometheus
          query: >-
            sum(rate(http_requests_total{pod=~"\$(pods)",code="500"}[5s]))
            / sum(rate(http_requests_total{pod=~"\$(pods)"}[5s]))
        max: "0.02"
        every: 1s
        count: 3
        failures: 2
      during: [BeforeSwitch, AfterSwitch]
  drain: 2s
  bake: 5s
YAML
}

route() {
    cat <<YAML
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{namespace: $gateway_namespace, name: $gateway_name}]
  hostnames: [web.sluice-demo.test]
  rules:
    - backendRefs: [{name: web, port: 80}]
YAML
}
