// RUN: not bertc-opt --bert-to-synapse="device=goya" %s 2>&1 | FileCheck %s

// CHECK: error: device is 'goya', expected gaudi or gaudi2
func.func @nothing() attributes {bert.entry} {
  return
}
