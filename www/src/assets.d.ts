// Modules that vite.config.ts generates.
declare module "pdf-data" {
  const address: string;
  export default address;
}
