-- Lists are searched by trigrams: each table of FTS5 has the text that the program compares, in which two separators stand
-- before each column, under the row number of its row. It keeps no text, only which rows have which trigram.
-- VACUUM keeps the row numbers of a table that has an index; a test checks it.

CREATE VIRTUAL TABLE organizations_search USING fts5 (
    text, content = '', detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1'
);
INSERT INTO organizations_search (rowid, text)
    SELECT rowid, lower(char(31, 31) || name || char(31, 31) || slug) FROM organizations;
CREATE TRIGGER organizations_search_insert AFTER INSERT ON organizations BEGIN
    INSERT INTO organizations_search (rowid, text)
        VALUES (NEW.rowid, lower(char(31, 31) || NEW.name || char(31, 31) || NEW.slug));
END;
CREATE TRIGGER organizations_search_delete AFTER DELETE ON organizations BEGIN
    INSERT INTO organizations_search (organizations_search, rowid, text)
        VALUES ('delete', OLD.rowid, lower(char(31, 31) || OLD.name || char(31, 31) || OLD.slug));
END;
CREATE TRIGGER organizations_search_update AFTER UPDATE OF name, slug ON organizations
WHEN OLD.name IS NOT NEW.name OR OLD.slug IS NOT NEW.slug BEGIN
    INSERT INTO organizations_search (organizations_search, rowid, text)
        VALUES ('delete', OLD.rowid, lower(char(31, 31) || OLD.name || char(31, 31) || OLD.slug));
    INSERT INTO organizations_search (rowid, text)
        VALUES (NEW.rowid, lower(char(31, 31) || NEW.name || char(31, 31) || NEW.slug));
END;

CREATE VIRTUAL TABLE applications_search USING fts5 (
    text, content = '', detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1'
);
INSERT INTO applications_search (rowid, text)
    SELECT rowid, lower(char(31, 31) || name || char(31, 31) || slug) FROM applications;
CREATE TRIGGER applications_search_insert AFTER INSERT ON applications BEGIN
    INSERT INTO applications_search (rowid, text)
        VALUES (NEW.rowid, lower(char(31, 31) || NEW.name || char(31, 31) || NEW.slug));
END;
CREATE TRIGGER applications_search_delete AFTER DELETE ON applications BEGIN
    INSERT INTO applications_search (applications_search, rowid, text)
        VALUES ('delete', OLD.rowid, lower(char(31, 31) || OLD.name || char(31, 31) || OLD.slug));
END;
CREATE TRIGGER applications_search_update AFTER UPDATE OF name, slug ON applications
WHEN OLD.name IS NOT NEW.name OR OLD.slug IS NOT NEW.slug BEGIN
    INSERT INTO applications_search (applications_search, rowid, text)
        VALUES ('delete', OLD.rowid, lower(char(31, 31) || OLD.name || char(31, 31) || OLD.slug));
    INSERT INTO applications_search (rowid, text)
        VALUES (NEW.rowid, lower(char(31, 31) || NEW.name || char(31, 31) || NEW.slug));
END;

CREATE VIRTUAL TABLE clients_search USING fts5 (
    text, content = '', detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1'
);
INSERT INTO clients_search (rowid, text)
    SELECT rowid, lower(char(31, 31) || client_name || char(31, 31) || client_id) FROM clients;
CREATE TRIGGER clients_search_insert AFTER INSERT ON clients BEGIN
    INSERT INTO clients_search (rowid, text)
        VALUES (NEW.rowid, lower(char(31, 31) || NEW.client_name || char(31, 31) || NEW.client_id));
END;
CREATE TRIGGER clients_search_delete AFTER DELETE ON clients BEGIN
    INSERT INTO clients_search (clients_search, rowid, text)
        VALUES ('delete', OLD.rowid, lower(char(31, 31) || OLD.client_name || char(31, 31) || OLD.client_id));
END;
CREATE TRIGGER clients_search_update AFTER UPDATE OF client_name, client_id ON clients
WHEN OLD.client_name IS NOT NEW.client_name OR OLD.client_id IS NOT NEW.client_id BEGIN
    INSERT INTO clients_search (clients_search, rowid, text)
        VALUES ('delete', OLD.rowid, lower(char(31, 31) || OLD.client_name || char(31, 31) || OLD.client_id));
    INSERT INTO clients_search (rowid, text)
        VALUES (NEW.rowid, lower(char(31, 31) || NEW.client_name || char(31, 31) || NEW.client_id));
END;

CREATE VIRTUAL TABLE users_search USING fts5 (
    text, content = '', detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1'
);
INSERT INTO users_search (rowid, text)
    SELECT rowid, lower(char(31, 31) || email || char(31, 31) || COALESCE(given_name, '') || char(31, 31) || COALESCE(family_name, '')) FROM users;
CREATE TRIGGER users_search_insert AFTER INSERT ON users BEGIN
    INSERT INTO users_search (rowid, text)
        VALUES (NEW.rowid, lower(char(31, 31) || NEW.email || char(31, 31) || COALESCE(NEW.given_name, '') || char(31, 31) || COALESCE(NEW.family_name, '')));
END;
CREATE TRIGGER users_search_delete AFTER DELETE ON users BEGIN
    INSERT INTO users_search (users_search, rowid, text)
        VALUES ('delete', OLD.rowid, lower(char(31, 31) || OLD.email || char(31, 31) || COALESCE(OLD.given_name, '') || char(31, 31) || COALESCE(OLD.family_name, '')));
END;
CREATE TRIGGER users_search_update AFTER UPDATE OF email, given_name, family_name ON users
WHEN OLD.email IS NOT NEW.email OR OLD.given_name IS NOT NEW.given_name OR OLD.family_name IS NOT NEW.family_name BEGIN
    INSERT INTO users_search (users_search, rowid, text)
        VALUES ('delete', OLD.rowid, lower(char(31, 31) || OLD.email || char(31, 31) || COALESCE(OLD.given_name, '') || char(31, 31) || COALESCE(OLD.family_name, '')));
    INSERT INTO users_search (rowid, text)
        VALUES (NEW.rowid, lower(char(31, 31) || NEW.email || char(31, 31) || COALESCE(NEW.given_name, '') || char(31, 31) || COALESCE(NEW.family_name, '')));
END;
