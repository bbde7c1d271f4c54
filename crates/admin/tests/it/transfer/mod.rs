mod exports;
mod imports;
mod manifests;
mod streams;
