Module['onRuntimeInitialized'] = () => {
  const square = new Module.Square(3);
  console.log(`${Module.describe(square)}, ${square.area()}`);
  square.delete();
};
