"""What a program defines itself that is linked without libraries."""

#: What emcc's JavaScript wants of the stack.
STACK = '''void *_emscripten_stack_alloc(unsigned long size) { return 0; }
void *emscripten_stack_get_current(void) { return 0; }
void _emscripten_stack_restore(void *stack) {}
'''
#: What releases before 5 export from compiler-rt in wasm32.
TEMPRET = '''int __get_temp_ret(void) { return 0; }
void __set_temp_ret(int value) {}
void _emscripten_tempret_set(int value) {}
int _emscripten_tempret_get(void) { return 0; }
'''
