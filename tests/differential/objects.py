# SPDX-License-Identifier: Apache-2.0
"""What the kinds are called."""

API = {"configmaps": ("v1", "ConfigMap"), "services": ("v1", "Service"), "pods": ("v1", "Pod"),
       "deployments": ("apps/v1", "Deployment"), "replicasets": ("apps/v1", "ReplicaSet"),
       "controllerrevisions": ("apps/v1", "ControllerRevision"),
       "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
       "leases": ("coordination.k8s.io/v1", "Lease"),
       "events": ("events.k8s.io/v1", "Event"), "rollouts": ("sluice.dev/v1beta1", "Rollout")}
