mod exports;
mod given_secrets;
mod imports;
mod manifests;
mod streams;
