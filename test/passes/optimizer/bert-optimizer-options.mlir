// RUN: bertc-opt --bert-optimizer=optimizer=sgd -verify-diagnostics %s

// expected-error @below {{optimizer is 'sgd', expected lamb or adamw}}
module {
}
