template <typename T, int N> struct Sum {
    T of(const T *all) const {
        T sum{};
        for (int i = 0; i < N; ++i)
            sum += all[i];
        return sum;
    }
    static inline int uses = 0;
};
template struct Sum<int, 3>;
extern template struct Sum<double, 4>;
inline int counted() {
    static int count = [] { return 1; }();
    return ++count;
}
double use(const double *a) { return Sum<double, 4>().of(a) + Sum<float, 2>().of(nullptr) + counted(); }
