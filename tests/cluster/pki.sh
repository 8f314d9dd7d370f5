# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # the variables are lib.sh's
# The cluster's certificates and kubeconfigs. Source lib.sh first.

CLUSTER_PKI=$CLUSTER_RUN/pki
ec=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650)

# authority NAME: a self-signed certificate that signs others.
authority() {
    openssl req -x509 "${ec[@]}" -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature \
        -keyout "$CLUSTER_PKI/$1.key" -out "$CLUSTER_PKI/$1.crt" 2>/dev/null
}

# certificate AUTHORITY NAME SUBJECT [SUBJECT-ALT-NAMES]: for a client, and with names for a server.
certificate() {
    local names=()
    [[ -z ${4:-} ]] || names=(-addext "subjectAltName=$4")
    openssl req -x509 "${ec[@]}" -CA "$CLUSTER_PKI/$1.crt" -CAkey "$CLUSTER_PKI/$1.key" -subj "$3" \
        -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature \
        -addext extendedKeyUsage=clientAuth,serverAuth "${names[@]}" \
        -keyout "$CLUSTER_PKI/$2.key" -out "$CLUSTER_PKI/$2.crt" 2>/dev/null
}

# kubeconfig NAME SUBJECT: who NAME is to the API server; prints the file's name.
kubeconfig() {
    local file=$CLUSTER_RUN/kubeconfig/$1 pair
    if [[ ! -s $file ]]; then
        certificate ca "$1" "$2"
        pair="{client-certificate-data: $(base64 -w0 "$CLUSTER_PKI/$1.crt")"
        pair+=", client-key-data: $(base64 -w0 "$CLUSTER_PKI/$1.key")}"
        (umask 077 && kubeconfig_text "$1" "$pair" >"$file.new")
        mv "$file.new" "$file"
    fi
    echo "$file"
}

# make_pki: everything that the control plane starts with.
make_pki() {
    local name=DNS:kubernetes names
    names=$name,$name.default,$name.default.svc,$name.default.svc.cluster.local
    mkdir -p "$CLUSTER_PKI" "$CLUSTER_RUN/kubeconfig"
    authority ca
    authority front-proxy-ca
    certificate ca apiserver /CN=kube-apiserver \
        "IP:$CLUSTER_ADDRESS,IP:127.0.0.1,IP:198.18.2.1,DNS:localhost,$names"
    certificate ca apiserver-kubelet /O=system:masters/CN=kube-apiserver-kubelet-client
    certificate front-proxy-ca front-proxy /CN=front-proxy-client
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$CLUSTER_PKI/sa.key" 2>/dev/null
    openssl pkey -in "$CLUSTER_PKI/sa.key" -pubout -out "$CLUSTER_PKI/sa.pub"
    kubeconfig admin /O=system:masters/CN=admin
    kubeconfig kube-controller-manager /CN=system:kube-controller-manager
    kubeconfig kube-scheduler /CN=system:kube-scheduler
    kubeconfig kube-proxy /CN=system:kube-proxy
    kubeconfig kubelet /O=system:nodes/CN=system:node:node-1
    kubeconfig kwok /O=system:masters/CN=kwok
    touch "$CLUSTER_PKI/complete"
} >/dev/null
