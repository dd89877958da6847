// SPDX-License-Identifier: Apache-2.0
//
// All operations of the dialect; the root for code and documentation.

#ifndef BERT_OPS_TD
#define BERT_OPS_TD

include "dialects/bert/BertAttentionOps.td"
include "dialects/bert/BertCollectiveOps.td"
include "dialects/bert/BertElementwiseOps.td"
include "dialects/bert/BertEpilogueOps.td"
include "dialects/bert/BertFusedOps.td"
include "dialects/bert/BertIndexingOps.td"
include "dialects/bert/BertLinearOps.td"
include "dialects/bert/BertLossOps.td"
include "dialects/bert/BertMaskOps.td"
include "dialects/bert/BertNormOps.td"
include "dialects/bert/BertOptimizerOps.td"
include "dialects/bert/BertReductionOps.td"
include "dialects/bert/BertShapeOps.td"
include "dialects/bert/BertVariableOps.td"

#endif // BERT_OPS_TD
