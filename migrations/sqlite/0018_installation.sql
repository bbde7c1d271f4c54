-- The address that the issuers of this installation begin with, as the last server that started was told: a command that
-- mails a link must not lead anywhere else. One row, or none before a server of this version was started.

CREATE TABLE installation (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    issuer_base TEXT    NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
