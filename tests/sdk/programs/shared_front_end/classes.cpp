struct A { virtual ~A(); virtual int of(int) const = 0; };
struct B : virtual A { int of(int) const override; };
struct C : B { ~C() override; int of(int) const override; int x; };
namespace { struct D : C { int of(int) const override { return 3; } }; }
A::~A() {}
C::~C() { x = 1; }
int B::of(int y) const { return y; }
int C::of(int y) const { return x + y; }
A *make() { return new C; }
A *other() { return new D; }
int call(A *a) { return a->of(1); }
bool is(A *a) { return dynamic_cast<D *>(a) != nullptr; }
