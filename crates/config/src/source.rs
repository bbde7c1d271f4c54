//! Sources of values: the process environment, then `.env` for variables that it does not set.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::variable::VariableDoc;
use crate::{Problem, dotenv};

/// The file that [`Source::process`] reads before the environment, named once by a command.
static NAMED_FILE: OnceLock<PathBuf> = OnceLock::new();

/// Values that [`Source::process`] has whatever else sets the variables, chosen by options of a command.
static CHOSEN: Mutex<BTreeMap<&'static str, String>> = Mutex::new(BTreeMap::new());

type Lookup<'a> = Box<dyn Fn(&str) -> Option<String> + Send + Sync + 'a>;

/// Two layers of variables below the chosen ones, and the base directory of relative paths.
pub struct Source<'a> {
    chosen: BTreeMap<&'static str, String>,
    environment: Lookup<'a>,
    dotenv: BTreeMap<String, String>,
    dotenv_problems: Vec<Problem>,
    directory: PathBuf,
}

impl<'a> Source<'a> {
    /// `dotenv` is the text of a `.env` file.
    pub fn new(
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'a,
        dotenv: Option<&str>,
        directory: impl Into<PathBuf>,
    ) -> Self {
        let (dotenv, dotenv_problems) = dotenv::parse(dotenv.unwrap_or_default());
        Self {
            chosen: BTreeMap::new(),
            environment: Box::new(environment),
            dotenv,
            dotenv_problems,
            directory: directory.into(),
        }
    }

    /// From now on [`Source::process`] reads this file instead of `.env`, and its variables come before the environment.
    /// The first file counts.
    pub fn name_file(path: PathBuf) {
        // It was named before: the same command names it once for each thing that it opens.
        let _ = NAMED_FILE.set(path);
    }

    /// From now on [`Source::process`] has this value for a variable, and none of `<NAME>_FILE`.
    pub fn choose(variable: &'static str, value: &str) {
        CHOSEN.lock().unwrap_or_else(PoisonError::into_inner).insert(variable, value.to_owned());
    }

    /// The process environment, and `.env` in the working directory. No other code reads either.
    pub fn process() -> Source<'static> {
        let chosen = CHOSEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Source { chosen, ..Self::of_process() }
    }

    /// The same without `.env`, for commands that ask a server: in a directory that somebody else made, it must not say
    /// whom to believe.
    pub fn without_dotenv() -> Source<'static> {
        if NAMED_FILE.get().is_some() {
            return Self::process();
        }
        Source::new(variable_of_process, None, working_directory())
    }

    fn of_process() -> Source<'static> {
        let directory = working_directory();
        if let Some(path) = NAMED_FILE.get() {
            return Self::with_file(path, directory);
        }
        let text = std::fs::read_to_string(directory.join(".env"));
        let mut source = Source::new(variable_of_process, text.as_deref().ok(), directory);
        if let Err(error) = text
            && error.kind() != std::io::ErrorKind::NotFound
        {
            let message = format!("the file cannot be read ({})", error.kind());
            source.dotenv_problems.push(Problem::new(".env", message, "make it readable text or remove it"));
        }
        source
    }

    /// The variables of a file, then those of the process.
    fn with_file(path: &Path, directory: PathBuf) -> Source<'static> {
        let (values, dotenv_problems) = match std::fs::read_to_string(directory.join(path)) {
            Ok(text) => dotenv::parse(&text),
            Err(error) => {
                let message = format!("the file cannot be read ({})", error.kind());
                let problem = Problem::new(
                    path.display().to_string(),
                    message,
                    "name a file that this process can read",
                );
                (BTreeMap::new(), vec![problem])
            }
        };
        let process = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect();
        let environment = move |name: &str| values.get(name).cloned();
        Source {
            chosen: BTreeMap::new(),
            environment: Box::new(environment),
            dotenv: process,
            dotenv_problems,
            directory,
        }
    }

    /// Fixed pairs instead of a process environment; for tests and tools.
    pub fn of<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
        directory: impl Into<PathBuf>,
    ) -> Source<'static> {
        let pairs: BTreeMap<String, String> = pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Source::new(move |name| pairs.get(name).cloned(), None, directory)
    }

    /// The value of a variable that a command names. An empty one counts as unset.
    pub fn value(&self, name: &str) -> Option<String> {
        let is_set = |value: &String| !value.trim().is_empty();
        let chosen = self.chosen.get(name).cloned().filter(is_set);
        chosen
            .or_else(|| (self.environment)(name).filter(is_set))
            .or_else(|| self.dotenv.get(name).cloned().filter(is_set))
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn dotenv_problems(&self) -> &[Problem] {
        &self.dotenv_problems
    }

    /// Returns the value that was chosen, or that of the first layer that sets the variable or, for a secret,
    /// `<NAME>_FILE`.
    pub(crate) fn find(&self, variable: &VariableDoc) -> Result<Option<String>, Problem> {
        if let Some(value) = self.chosen.get(variable.name) {
            return Ok(Some(value.clone()));
        }
        let from_environment = |name: &str| (self.environment)(name);
        let from_dotenv = |name: &str| self.dotenv.get(name).cloned();
        match self.find_in(variable, from_environment)? {
            Some(value) => Ok(Some(value)),
            None => self.find_in(variable, from_dotenv),
        }
    }

    fn find_in(
        &self,
        variable: &VariableDoc,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<String>, Problem> {
        let name = variable.name;
        // An empty variable counts as unset, because compose files pass on empty ones.
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let direct = get(name);
        if direct.as_ref().is_some_and(|value| value.contains('\u{fffd}')) {
            return Err(Problem::new(name, "the value is not valid UTF-8", "write it in UTF-8"));
        }
        if !variable.secret {
            return Ok(direct);
        }
        let file_name = format!("{name}_FILE");
        match (direct, get(&file_name)) {
            (Some(_), Some(_)) => {
                Err(Problem::new(name, format!("{name} and {file_name} are both set"), "keep one of the two"))
            }
            (Some(value), None) => Ok(Some(value)),
            (None, Some(path)) => self.read_secret_file(&file_name, &path).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn read_secret_file(&self, name: &str, path: &str) -> Result<String, Problem> {
        let text = std::fs::read_to_string(self.directory.join(path.trim())).map_err(|error| {
            let message = format!("the file it names cannot be read ({})", error.kind());
            Problem::new(name, message, "name a file that this process can read")
        })?;
        // Editors may add a byte order mark and a line break, `echo` a line break. Neither is part of the secret.
        let plain = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let secret = plain.strip_suffix('\n').map_or(plain, |t| t.strip_suffix('\r').unwrap_or(t));
        if secret.trim().is_empty() {
            return Err(Problem::new(name, "the file it names is empty", "put the secret into the file"));
        }
        Ok(secret.to_owned())
    }
}

fn variable_of_process(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn working_directory() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("directory", &self.directory).finish_non_exhaustive()
    }
}
