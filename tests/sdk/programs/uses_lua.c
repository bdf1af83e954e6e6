#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
static const char script[] =
    "local t = {}\n"
    "for w in ('the quick brown fox'):gmatch('%a+') do t[#t + 1] = w:upper() end\n"
    "table.sort(t)\n"
    "local ok, said = pcall(function() error({code = math.floor(2 ^ 5 + 0.5)}) end)\n"
    "return string.format('%s %d %.3f', table.concat(t, ' '), said.code, math.pi)\n";
int main(void) {
    lua_State *state = luaL_newstate();
    luaL_openlibs(state);
    if (luaL_dostring(state, script)) return 1;
    puts(lua_tostring(state, -1));
    lua_close(state);
    return 0;
}
