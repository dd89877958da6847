// SPDX-License-Identifier: Apache-2.0
// RUN: not bertc-opt %s -bert-distribute=workers=1 2>&1 | FileCheck %s -check-prefix=WORKERS
// RUN: not bertc-opt %s -bert-distribute=bucket-bytes=0 2>&1 | FileCheck %s -check-prefix=WORKERS
// RUN: not bertc-opt %s -bert-distribute=wire=f16 2>&1 | FileCheck %s -check-prefix=WIRE
// RUN: not bertc-opt %s -bert-distribute=form=late 2>&1 | FileCheck %s -check-prefix=FORM
// WORKERS: error: workers is {{.*}} and bucket-bytes {{.*}}, expected at least 2 and 1
// WIRE: error: wire is 'f16', expected f32 or bf16
// FORM: error: form is 'late', expected early, ordered or apply
module {
}
