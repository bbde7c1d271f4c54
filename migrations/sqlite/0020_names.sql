-- Lists of organizations and applications sorted by name, and applications by their slug alone.

CREATE INDEX organizations_name ON organizations (name, id);
CREATE INDEX applications_name ON applications (name, id);
CREATE INDEX applications_slug ON applications (slug);
