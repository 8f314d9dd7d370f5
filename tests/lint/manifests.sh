#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# install.yaml and the chart are what their parts say.
exec tests/manifests/fresh
