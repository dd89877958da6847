// Libraries that are not quite SynapseAI's: built once with each of FOREIGN,
// PARTIAL and OLD.
int fakeLibrary(void) { return 0; }
#if defined(PARTIAL) || defined(OLD)
unsigned synInitialize(void) { return 0; }
#endif
#ifdef PARTIAL
unsigned synStreamCreateGeneric(void) { return 0; }
#endif
#ifdef OLD
unsigned synStreamCreate(void) { return 0; }
#endif
