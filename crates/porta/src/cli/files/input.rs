//! Reads a file, and makes a manifest of it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use porta_client::types::Manifest;
use porta_config::{Argon2Params, Source};
use porta_core::{Clock as _, SystemClock};
use porta_directory::Problem;
use porta_directory::provision::{self, Format, MAXIMUM_BYTES, ReadError, References, SourceFile};

use super::flatten::{self, Flat, Places};
use crate::cli::direct;
use crate::failure::Failure;

/// Which file to read.
#[derive(Debug, Args)]
pub(super) struct FileArgument {
    /// YAML or JSON; `-` reads YAML from standard input.
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
}

/// A file that was read.
pub(super) struct Input {
    /// As messages call it.
    name: String,
    pub(super) source: SourceFile,
    pub(super) manifest: Manifest,
    places: Places,
}

impl FileArgument {
    pub(super) async fn read(&self) -> Result<Input, Failure> {
        let (name, source) = self.source()?;
        Input::of(name, source).await
    }

    fn source(&self) -> Result<(String, SourceFile), Failure> {
        let path = &self.file;
        let is_stdin = path == Path::new("-");
        let name = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
        let extension = path.extension().map(|e| e.to_string_lossy().into_owned());
        let format = Format::of_extension(if is_stdin { None } else { extension.as_deref() })
            .ok_or_else(|| Failure::general("use a file that ends in .yaml, .yml or .json"))?;
        // Standard input and pipes may wait for somebody; Ctrl-C works meanwhile.
        let read = tokio::task::block_in_place(|| {
            if is_stdin { limited(io::stdin().lock()) } else { File::open(path).and_then(limited) }
        });
        let bytes = read.map_err(|e| Failure::general(format!("{name} cannot be read: {e}")))?;
        let source = SourceFile::parse(&bytes, format).map_err(|error| refusal(&name, &error))?;
        Ok((name, source))
    }
}

impl Input {
    /// Makes the manifest. Passwords are hashed: only the hashes are sent.
    pub(super) async fn of(name: String, source: SourceFile) -> Result<Self, Failure> {
        let refused = |error: ReadError| refusal(&name, &error);
        let mut document = source.document(&Environment).map_err(refused)?;
        let hasher = direct::hasher(Argon2Params::load(&Source::process())?);
        let problems = provision::hash_passwords(&mut document, &hasher).await?;
        if !problems.is_empty() {
            return Err(refused(source.refused(problems)));
        }
        let flat = flatten::flatten(source.to_value(), &document, SystemClock.now());
        let Flat { manifest, places } = flat.map_err(|problems| refused(source.refused(problems)))?;
        Ok(Self { name, source, manifest, places })
    }

    /// Problems that the server found, with their places in the file.
    pub(super) fn refusal(&self, problems: Vec<Problem>) -> Failure {
        refusal(&self.name, &self.source.refused(problems))
    }

    /// The path in the file of one in the manifest.
    pub(super) fn path(&self, in_manifest: &str) -> String {
        self.places.in_file(in_manifest)
    }
}

/// One byte more than allowed is read, which is refused then.
fn limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAXIMUM_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// One line for each problem: `file:line:column: path: what is wrong`.
fn refusal(name: &str, error: &ReadError) -> Failure {
    let line = |located: &provision::Located| match located.position {
        Some(_) => format!("{name}:{located}"),
        None => format!("{name}: {located}"),
    };
    Failure::Validation(error.0.iter().map(line).collect())
}

/// The variables and files of this process.
struct Environment;

impl References for Environment {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(path)
            .map_err(|error| format!("the file of the secret cannot be read: {error}"))
    }
}
