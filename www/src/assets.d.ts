// What the build makes.
declare module "pdf-data" {
  const address: string;
  export default address;
}
