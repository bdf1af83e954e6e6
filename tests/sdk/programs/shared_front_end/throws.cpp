struct Guard { ~Guard(); };
struct Init { Init(int); ~Init(); } first(1), second(2);
thread_local Init own(3);
Init &mine() { return own; }
void may(int);
int safe(int x) {
    Guard guard;
    try {
        may(x);
    } catch (int y) {
        return y;
    } catch (...) {
        may(2);
        throw;
    }
    return 0;
}
void never() noexcept { may(1); }
