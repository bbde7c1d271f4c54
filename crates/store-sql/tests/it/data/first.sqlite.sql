PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE access_tokens (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    family_id  BLOB    NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
    scope      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO "access_tokens" VALUES(X'C55AFC2206A16BE25D38171B1BE9C55723294D4E356468224946AD140B0BC4D8',X'01A211F35BD873E4A6F3C143B07A3DF5','openid email offline_access',1795601091165509,1795597491165509);
INSERT INTO "access_tokens" VALUES(X'F0D4627E13BCA68C98EB8B7003DE258C962A8D4D88334C6CB4FC0504475F6B53',X'01A211F35BD873E4A6F3C143B07A3DF5','openid email offline_access',1795601091203357,1795597491203379);
INSERT INTO "access_tokens" VALUES(X'4CA6E23B401935EBB384057F6897204A1CCA25BCF3606F5A9DF42755EF30E2C4',X'01A211F35C20769BBAE03AE8F8C65043','openid email offline_access',1795601091234380,1795597491234380);
INSERT INTO "access_tokens" VALUES(X'D70D4E55337DCF0E7431BF8220E3898955C6649C81CDC05E668E7CC6ABA34456',X'01A211F35C20769BBAE03AE8F8C65043','openid email offline_access',1795601091237019,1795597491237040);
CREATE TABLE application_modules (
    id             BLOB    NOT NULL PRIMARY KEY,
    application_id BLOB    NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name           TEXT    NOT NULL,
    slug           TEXT    NOT NULL,
    description    TEXT,
    status         TEXT    NOT NULL CHECK (status IN ('active', 'inactive')),
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE TABLE applications (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    REFERENCES organizations (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,
    slug            TEXT    NOT NULL,
    description     TEXT,
    status          TEXT    NOT NULL CHECK (status IN ('active', 'inactive', 'archived')),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
INSERT INTO "applications" VALUES(X'01A211F35AA977D0B8D664F295BAC490',X'01A211F35AA97345AEA6CB3A8ADF2611','Storefront','storefront',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "applications" VALUES(X'01A211F35AA97C1A882007063C14AB6A',X'01A211F35AA97EECBA73BEFDBFCF2923','Beta Suite','beta-suite',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "applications" VALUES(X'01A211F35AA976AD8A8FE80D331053AE',X'01A211F35AA971CAB1820A2D923CD675','Gamma Suite','gamma-suite',NULL,'active',1795597490857351,1795597490857351);
CREATE TABLE audit_log (
    id                 BLOB    NOT NULL PRIMARY KEY,
    organization_id    BLOB,
    organization_label TEXT,
    user_id            BLOB,
    actor_id           BLOB,
    actor_label        TEXT,
    event_type         TEXT    NOT NULL,
    category           TEXT    NOT NULL CHECK (category IN ('admin', 'authentication', 'security', 'gdpr')),
    description        TEXT,
    metadata           TEXT    NOT NULL CHECK (json_valid(metadata)),
    ip_address         TEXT,
    user_agent         TEXT,
    created_at         INTEGER NOT NULL
) STRICT;
INSERT INTO "audit_log" VALUES(X'01A211F35AA97C50B3DA2D812A1DAE6B',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','org.created','admin',NULL,'{"defaultLoginMethods":["password"],"name":"Demo","slug":"demo"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9720196101270B156B0BB',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','key.generated','admin',NULL,'{"algorithm":"ES256","kid":"dinNlfR9PBOHrB9bdAqf-U5_Dv7CmVSXc5WDzKJs1c0","status":"active"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97C7F88BF80FEE869CFAB',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','key.generated','admin',NULL,'{"algorithm":"ES256","kid":"J5Er53OE0Xw3v6PmfA5zbb26ZDwdUGEBDV9PIcxCA88","status":"next"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97F409CCBE01925CF02AF',X'01A211F35AA97EECBA73BEFDBFCF2923','beta',NULL,NULL,'cli','org.created','admin',NULL,'{"defaultLoginMethods":["password"],"name":"Beta","slug":"beta"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97F9CB46D5DACF045B11A',X'01A211F35AA97EECBA73BEFDBFCF2923','beta',NULL,NULL,'cli','key.generated','admin',NULL,'{"algorithm":"ES256","kid":"pZwP4zIAr08ZLO_C6s0GLjMrUvA0lGcGcExMFllOcUQ","status":"active"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97FD49D9D98771C1AE752',X'01A211F35AA97EECBA73BEFDBFCF2923','beta',NULL,NULL,'cli','key.generated','admin',NULL,'{"algorithm":"ES256","kid":"MlKoIhckI2JKPDCaSyvkiTqTJvjqO_MTbZ4SDw9L1MY","status":"next"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97E21A3890DC8E8450F2E',X'01A211F35AA971CAB1820A2D923CD675','gamma',NULL,NULL,'cli','org.created','admin',NULL,'{"defaultLoginMethods":["password"],"name":"Gamma","slug":"gamma"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97EED9461B1A4C57983CC',X'01A211F35AA971CAB1820A2D923CD675','gamma',NULL,NULL,'cli','key.generated','admin',NULL,'{"algorithm":"ES256","kid":"MkCm54_OyMrtm_Q9NIl-QzGry2jh3yh2IpjxLnE_hPU","status":"active"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97C62BA5618115BC34426',X'01A211F35AA971CAB1820A2D923CD675','gamma',NULL,NULL,'cli','key.generated','admin',NULL,'{"algorithm":"ES256","kid":"yM2v3gamRIyix37w_ZeVkkk81pZLFAgVMWtNd-keAho","status":"next"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97BEEB39BF8E6D8B4305C',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','app.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","name":"Storefront","slug":"storefront"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA970A2B496F7C627A26F69',X'01A211F35AA97EECBA73BEFDBFCF2923','beta',NULL,NULL,'cli','app.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-7c1a-8820-07063c14ab6a","name":"Beta Suite","slug":"beta-suite"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97AE4A64EB074875CC321',X'01A211F35AA971CAB1820A2D923CD675','gamma',NULL,NULL,'cli','app.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-76ad-8a8f-e80d331053ae","name":"Gamma Suite","slug":"gamma-suite"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9792189654EC0CF69D906',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-7bb3-aa07-63a895cdfabc","clientId":"e2e-conformance-1","clientName":"Conformance One","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA977CBA04FF50DDCB9569D',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','key.generated','admin',NULL,'{"algorithm":"RS256","kid":"jkq43n4lFVGIEsPoCO5rHVDbE2_XQCAGb0iuxpNhNmY","status":"active"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97A4096C31484F62AFB77',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','key.generated','admin',NULL,'{"algorithm":"RS256","kid":"DxfGcCMIX6ErKUHWHVXAWCpO59HGLcbU26RmqVner4c","status":"next"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97DC7AF82B318C9EEE4BC',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7bb3-aa07-63a895cdfabc","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-743f-b398-7145b6e40283"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9797DA4C7B6EDD7B0E1C5',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-77b3-a8dc-4ee762789514","clientId":"e2e-conformance-2","clientName":"Conformance Two","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97D0496493F15064A98C2',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-77b3-a8dc-4ee762789514","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-7bfb-8393-d3f2f244ca41"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97A8ABECCACEA2356FFDF',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-7144-9532-576e1cfdd36e","clientId":"e2e-conformance-post","clientName":"Conformance Post","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9714F92D340228C24B5EE',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7144-9532-576e1cfdd36e","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-78a1-aabe-2b5ae542ea94"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9713999754C351436B757',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-7994-b18b-f1e2e9a26cab","clientId":"e2e-es256","clientName":"Web ES256","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97160A4347392C014C048',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7994-b18b-f1e2e9a26cab","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-70e0-b4e8-2a7196dbf58a"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA977E6ACF2B730D4F10799',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-72f7-8fab-5f35a3bbc2e9","clientId":"e2e-rs256","clientName":"Web RS256","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA978578D9FBFF37129D02D',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-72f7-8fab-5f35a3bbc2e9","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-7fe9-9076-fa6e94b43210"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9708D93841A5C8FC0D188',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-7edc-8c90-a7134590fe14","clientId":"e2e-eddsa","clientName":"Web EdDSA","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97B39A52B70671902CAD0',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','key.generated','admin',NULL,'{"algorithm":"EdDSA","kid":"lm9QnKzBw1HaHYSvfgYkmALNhffC1iYuOE7R1cbutRc","status":"active"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97FF58B9739FE5F6A3AEC',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','key.generated','admin',NULL,'{"algorithm":"EdDSA","kid":"UEzVpG-FGfRjhSSxKGUJsfqwc7JUrZc3xEIVbP3RReg","status":"next"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9784DA91BF4158AD273D1',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7edc-8c90-a7134590fe14","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-7225-8a9e-57a2840b0c4f"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9727E8A368DB75A772E15',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-7350-8d08-72ca481a65fa","clientId":"e2e-post","clientName":"Web Post","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97CD2A019E2F49BCD0BFD',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7350-8d08-72ca481a65fa","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-7829-8e44-c83a623aba47"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97C79A8EB28E5697E2531',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-7b06-9ee0-efdd9f434acc","clientId":"e2e-odd-secret","clientName":"Web Odd Secret","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97DCFB14699DDE4FB8414',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7b06-9ee0-efdd9f434acc","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-7df7-9daf-8cb9c61fe741"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9704C85843868354C41D1',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-7a4e-b376-850f0cfc63c0","clientId":"e2e-userinfo-jwt","clientName":"Web Signed UserInfo","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97DD995692B8FB6F92649',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7a4e-b376-850f0cfc63c0","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-73aa-9247-73405e7fe018"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA978E58C5106B531A03F20',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-7738-b9c7-9080683ff4ab","clientId":"e2e-no-pkce","clientName":"Web Without PKCE","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9754E8A791A9E0F958F71',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7738-b9c7-9080683ff4ab","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-7e4c-a5bf-c8c959fd10b8"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA975019848311FA130027C',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-7fc7-a4a2-67fbd1801db7","clientId":"e2e-second","clientName":"Web Second","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97DC7B2E3161397CB739B',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7fc7-a4a2-67fbd1801db7","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-7ae9-ab17-f30bf7bdd54d"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97AAE9A6DC711F641659E',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-75b6-9e2c-cec9ed79ddc8","clientId":"e2e-suspended","clientName":"Web To Suspend","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9736EAEB222E471408DF8',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-75b6-9e2c-cec9ed79ddc8","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-7fa6-a8be-89797743cf58"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97B6E8970950CDB2FBA9E',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"native","clientDbId":"01a211f3-5aa9-7bb1-8157-f16ca78093cc","clientId":"e2e-native","clientName":"Native","clientType":"public","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA976FF80B96FBC0D7843CA',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"spa","clientDbId":"01a211f3-5aa9-7a90-bfea-2e2efa31ef2c","clientId":"e2e-spa","clientName":"Single Page","clientType":"public","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97C9A9E34B23E63A0C6A5',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","applicationType":"web","clientDbId":"01a211f3-5aa9-7666-9cc6-312833f12728","clientId":"e2e-machine","clientName":"Machine","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA974A597A1A3C38C0B82FB',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7666-9cc6-312833f12728","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-70e7-aaa0-eb4a1a12dcd7"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97E8D9A37C5F670D83384',X'01A211F35AA97EECBA73BEFDBFCF2923','beta',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-7c1a-8820-07063c14ab6a","applicationType":"web","clientDbId":"01a211f3-5aa9-7742-8e76-5cffedd1573f","clientId":"e2e-beta","clientName":"Beta Web","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA970D1BE1722B97DEC4709',X'01A211F35AA97EECBA73BEFDBFCF2923','beta',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7742-8e76-5cffedd1573f","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-741e-80b2-518f1f0f8708"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97DDE80F74DD346E4CD38',X'01A211F35AA97EECBA73BEFDBFCF2923','beta',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-7c1a-8820-07063c14ab6a","applicationType":"web","clientDbId":"01a211f3-5aa9-779d-9e46-96530442ec03","clientId":"e2e-third-party","clientName":"Beta Partner Portal","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97B3DA1EE183DCF5972B6',X'01A211F35AA97EECBA73BEFDBFCF2923','beta',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-779d-9e46-96530442ec03","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-7302-8a08-352093c872a6"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA974F58FB7477FC4BB194F',X'01A211F35AA971CAB1820A2D923CD675','gamma',NULL,NULL,'cli','client.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-76ad-8a8f-e80d331053ae","applicationType":"web","clientDbId":"01a211f3-5aa9-7811-83bc-767af3f3ab1c","clientId":"e2e-gamma","clientName":"Gamma Web","clientType":"confidential","loginMethods":null}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97EF1BA8841EDA2B372D7',X'01A211F35AA971CAB1820A2D923CD675','gamma',NULL,NULL,'cli','client.secret.generated','admin',NULL,'{"clientId":"01a211f3-5aa9-7811-83bc-767af3f3ab1c","expiresAt":null,"given":true,"label":"e2e","secretId":"01a211f3-5aa9-780b-8b8b-e13ec5458d21"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9791791CD71B1983FE0AB',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','role.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","roleId":"01a211f3-5aa9-79cd-8efe-e8012bbc0296","slug":"clerk"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97166B118C69E93EDEED5',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','role.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","roleId":"01a211f3-5aa9-7d74-ba28-eeb5e5a807d5","slug":"manager"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA971369492CCAAF6459206',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','permission.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","permissionId":"01a211f3-5aa9-7757-9abd-5ca4111f7d72","slug":"store:orders:read"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9751EAE81A32331109589',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','permission.created','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","permissionId":"01a211f3-5aa9-7764-8726-c017c0c9e9cf","slug":"store:orders:write"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA977A9B1225E0694A91DB5',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','claim.defined','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","claimName":"branch_code","claimType":"string","definitionId":"01a211f3-5aa9-7742-a0b4-bb373aceaa69"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA971E7BCB41F8A56A081FD',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','claim.defined','admin',NULL,'{"applicationId":"01a211f3-5aa9-77d0-b8d6-64f295bac490","claimName":"discount_limit","claimType":"number","definitionId":"01a211f3-5aa9-7e0b-86d3-b573b9aedfeb"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97F6F8860351DAC7212FF',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','role.permissions.assigned','admin',NULL,'{"permissionIds":["01a211f3-5aa9-7757-9abd-5ca4111f7d72"],"roleId":"01a211f3-5aa9-79cd-8efe-e8012bbc0296"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA977119B4CF43338A68688',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','role.permissions.assigned','admin',NULL,'{"permissionIds":["01a211f3-5aa9-7757-9abd-5ca4111f7d72"],"roleId":"01a211f3-5aa9-7d74-ba28-eeb5e5a807d5"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA979DE970C74E6087D2097',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',NULL,NULL,'cli','role.permissions.assigned','admin',NULL,'{"permissionIds":["01a211f3-5aa9-7764-8726-c017c0c9e9cf"],"roleId":"01a211f3-5aa9-7d74-ba28-eeb5e5a807d5"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA975EC87B9AA26DB7A8605',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA97D8F9FB8FF98E231703F',NULL,'cli','user.created','admin',NULL,'{"email":"ada@demo.example","userId":"01a211f3-5aa9-7d8f-9fb8-ff98e231703f"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9760E90667524C0DB85BD',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA9756A84EED79DBD7AB5D0',NULL,'cli','user.created','admin',NULL,'{"email":"ben@demo.example","userId":"01a211f3-5aa9-756a-84ee-d79dbd7ab5d0"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9774F91022B7F422C0E2C',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA97BC2BABB9FFCD9A2AA5B',NULL,'cli','user.created','admin',NULL,'{"email":"cleo@demo.example","userId":"01a211f3-5aa9-7bc2-babb-9ffcd9a2aa5b"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97757B28BCBBCFDA6B189',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA971D090F8D456A544FF04',NULL,'cli','user.created','admin',NULL,'{"email":"dora@demo.example","userId":"01a211f3-5aa9-71d0-90f8-d456a544ff04"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9763C92A4148C48094982',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA979AAB72CE324BAAD79D5',NULL,'cli','user.created','admin',NULL,'{"email":"eve@demo.example","userId":"01a211f3-5aa9-79aa-b72c-e324baad79d5"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9712F9704D8D53751F42A',X'01A211F35AA97EECBA73BEFDBFCF2923','beta',X'01A211F35AA975B5ADA5C85DA0EF31F0',NULL,'cli','user.created','admin',NULL,'{"email":"ada@demo.example","userId":"01a211f3-5aa9-75b5-ada5-c85da0ef31f0"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9770189300BFF5C0AFEAF',X'01A211F35AA971CAB1820A2D923CD675','gamma',X'01A211F35AA97B0EB27ABCB2CAEEF010',NULL,'cli','user.created','admin',NULL,'{"email":"gil@gamma.example","userId":"01a211f3-5aa9-7b0e-b27a-bcb2caeef010"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA9770D95601E1134A7D48C',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA97D8F9FB8FF98E231703F',NULL,'cli','user.roles.assigned','admin',NULL,'{"roleIds":["01a211f3-5aa9-7d74-ba28-eeb5e5a807d5"],"roles":["manager"]}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97CE1A8FFB62CC0F66A2B',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA97D8F9FB8FF98E231703F',NULL,'cli','claim.value.set','admin',NULL,'{"claimName":"branch_code","definitionId":"01a211f3-5aa9-7742-a0b4-bb373aceaa69"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA97B9E86CC37B0BACF746D',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA97D8F9FB8FF98E231703F',NULL,'cli','claim.value.set','admin',NULL,'{"claimName":"discount_limit","definitionId":"01a211f3-5aa9-7e0b-86d3-b573b9aedfeb"}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35AA970C490AF179DC7B29DF0',NULL,NULL,NULL,NULL,'cli','admin.import','admin',NULL,'{"created":43,"errors":0,"mode":"merge","skipped":0,"updated":0}',NULL,NULL,1795597490857351);
INSERT INTO "audit_log" VALUES(X'01A211F35BD274EF9C4DD526A095EF03',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA97D8F9FB8FF98E231703F',X'01A211F35AA97D8F9FB8FF98E231703F',NULL,'user.login.password','authentication',NULL,'{}','127.167.209.41','porta-e2e',1795597491154352);
INSERT INTO "audit_log" VALUES(X'01A211F35BD775ADAA557E80638D5742',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA97D8F9FB8FF98E231703F',X'01A211F35AA97D8F9FB8FF98E231703F',NULL,'user.consent.granted','authentication',NULL,'{"clientId":"e2e-es256","scope":"openid email offline_access"}','127.167.209.41','porta-e2e',1795597491159545);
INSERT INTO "audit_log" VALUES(X'01A211F35C1B79C7814AC9E92699E785',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA9756A84EED79DBD7AB5D0',X'01A211F35AA9756A84EED79DBD7AB5D0',NULL,'user.login.password','authentication',NULL,'{}','127.41.236.126','porta-e2e',1795597491227452);
INSERT INTO "audit_log" VALUES(X'01A211F35C1F760A8C52B26BB8B6EBD1',X'01A211F35AA97345AEA6CB3A8ADF2611','demo',X'01A211F35AA9756A84EED79DBD7AB5D0',X'01A211F35AA9756A84EED79DBD7AB5D0',NULL,'user.consent.granted','authentication',NULL,'{"clientId":"e2e-es256","scope":"openid email offline_access"}','127.41.236.126','porta-e2e',1795597491231592);
CREATE TABLE branding_assets (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    asset_type      TEXT    NOT NULL CHECK (asset_type IN ('logo', 'favicon')),
    content_type    TEXT    NOT NULL CHECK (content_type IN ('image/png', 'image/jpeg', 'image/webp', 'image/svg+xml', 'image/x-icon', 'image/vnd.microsoft.icon')),
    data            BLOB    NOT NULL CHECK (length(data) BETWEEN 1 AND 524288),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE TABLE client_organizations (
    client_id       BLOB    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    organization_id BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (client_id, organization_id)
) STRICT;
INSERT INTO "client_organizations" VALUES(X'01A211F35AA9779D9E4696530442EC03',X'01A211F35AA97345AEA6CB3A8ADF2611');
CREATE TABLE client_secrets (
    id           BLOB    NOT NULL PRIMARY KEY,
    client_id    BLOB    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    digest       BLOB    NOT NULL CHECK (length(digest) = 32),
    label        TEXT,
    expires_at   INTEGER,
    status       TEXT    NOT NULL CHECK (status IN ('active', 'revoked')),
    last_used_at INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;
INSERT INTO "client_secrets" VALUES(X'01A211F35AA9743FB3987145B6E40283',X'01A211F35AA97BB3AA0763A895CDFABC',X'71C3C14E66E4D342C2ED2E99E12E68E6CB5A5BEE09EEDBC8A6EC1552DCABE693','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA97BFB8393D3F2F244CA41',X'01A211F35AA977B3A8DC4EE762789514',X'4E006F64E3683BC3603C6279C8A24D856F9B396AB387FA7C9AF8E81E6A89E7F4','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA978A1AABE2B5AE542EA94',X'01A211F35AA971449532576E1CFDD36E',X'42018671F8662BDE8A7D88E38EDE04992318FFB8A6D2AFB458AB65A43BB3EAA0','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA970E0B4E82A7196DBF58A',X'01A211F35AA97994B18BF1E2E9A26CAB',X'E52E8011055C32B3E28E1396C6FAE92EC13BA36A5684E33735269806193A7DEE','e2e',NULL,'active',1795597491236653,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA97FE99076FA6E94B43210',X'01A211F35AA972F78FAB5F35A3BBC2E9',X'84F4E494A635370E29254384E444811DEA74BC456E40804B35959B913DD65EDA','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA972258A9E57A2840B0C4F',X'01A211F35AA97EDC8C90A7134590FE14',X'3924A1E6FC0D3D2AA160CED65C2A98277B1B759A07EBB383817DE7FEE508F895','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA978298E44C83A623ABA47',X'01A211F35AA973508D0872CA481A65FA',X'DECC6A0A0A21D10FC07B2B6061ACE8C546E2DFF8EDFA3DE50DB57A4F79CCBAB3','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA97DF79DAF8CB9C61FE741',X'01A211F35AA97B069EE0EFDD9F434ACC',X'DECC6A0A0A21D10FC07B2B6061ACE8C546E2DFF8EDFA3DE50DB57A4F79CCBAB3','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA973AA924773405E7FE018',X'01A211F35AA97A4EB376850F0CFC63C0',X'8B477265561B0C3EB2CC93320A8AD55F6E0A67959BF64AAA5DF10922FDD8407A','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA97E4CA5BFC8C959FD10B8',X'01A211F35AA97738B9C79080683FF4AB',X'2A2BB0255755FC5ACD7267597A85643688D1A9DBEC6E54705BB1BC0FAB0FE893','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA97AE9AB17F30BF7BDD54D',X'01A211F35AA97FC7A4A267FBD1801DB7',X'7DDACA340B40CAAD44F0DA95D845C3FDCE32E235E3BBC7673281E569F130E4D9','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA97FA6A8BE89797743CF58',X'01A211F35AA975B69E2CCEC9ED79DDC8',X'73F813556EB4AFC49193039C62C75F6B504AF8E759B4CD20E0AAFEE27C527BF6','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA970E7AAA0EB4A1A12DCD7',X'01A211F35AA976669CC6312833F12728',X'C342E2AAAD1C458397AC69AF2DAE5AA7BF7EFACF34D050AA66EBEE72AADE5BAB','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA9741E80B2518F1F0F8708',X'01A211F35AA977428E765CFFEDD1573F',X'E9EB41DC05680E349E8565CC342ABF507AC4B8C5EAFA34DA4474771AAEB44A0A','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA973028A08352093C872A6',X'01A211F35AA9779D9E4696530442EC03',X'700B810CE8B3D16ADF5887BBADC540796F1021F52C8A69468FD3FDAB8D8B9D2B','e2e',NULL,'active',NULL,1795597490857351);
INSERT INTO "client_secrets" VALUES(X'01A211F35AA9780B8B8BE13EC5458D21',X'01A211F35AA9781183BC767AF3F3AB1C',X'FC735D78E969CE8A8E2510ED63BA8229E37431A2608C34F9629D54ACC82FFE39','e2e',NULL,'active',NULL,1795597490857351);
CREATE TABLE clients (
    id                           BLOB    NOT NULL PRIMARY KEY,
    organization_id              BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    application_id               BLOB    NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    client_id                    TEXT    NOT NULL,
    client_name                  TEXT    NOT NULL,
    client_type                  TEXT    NOT NULL CHECK (client_type IN ('confidential', 'public')),
    application_type             TEXT    NOT NULL CHECK (application_type IN ('web', 'native', 'spa')),
    redirect_uris                TEXT    NOT NULL CHECK (json_valid(redirect_uris) AND json_type(redirect_uris) = 'array'),
    post_logout_redirect_uris    TEXT    NOT NULL CHECK (json_valid(post_logout_redirect_uris) AND json_type(post_logout_redirect_uris) = 'array'),
    grant_types                  TEXT    NOT NULL CHECK (json_valid(grant_types) AND json_type(grant_types) = 'array' AND replace(replace(replace(replace(grant_types, '"authorization_code"', ''), '"refresh_token"', ''), '"client_credentials"', ''), ',', '') = '[]'),
    response_types               TEXT    NOT NULL CHECK (json_valid(response_types) AND json_type(response_types) = 'array' AND replace(replace(response_types, '"code"', ''), ',', '') = '[]'),
    scope                        TEXT    NOT NULL,
    token_endpoint_auth_method   TEXT    NOT NULL CHECK (token_endpoint_auth_method IN ('client_secret_basic', 'client_secret_post', 'none')),
    allowed_origins              TEXT    NOT NULL CHECK (json_valid(allowed_origins) AND json_type(allowed_origins) = 'array'),
    require_pkce                 INTEGER NOT NULL CHECK (require_pkce IN (0, 1)),
    login_methods                TEXT    CHECK (json_valid(login_methods) AND json_type(login_methods) = 'array' AND login_methods <> '[]' AND replace(replace(replace(login_methods, '"password"', ''), '"magic_link"', ''), ',', '') = '[]'),
    id_token_signed_response_alg TEXT    NOT NULL CHECK (id_token_signed_response_alg IN ('ES256', 'RS256', 'EdDSA')),
    userinfo_signed_response_alg TEXT    CHECK (userinfo_signed_response_alg IN ('ES256', 'RS256', 'EdDSA')),
    status                       TEXT    NOT NULL CHECK (status IN ('active', 'inactive', 'revoked')),
    created_at                   INTEGER NOT NULL,
    updated_at                   INTEGER NOT NULL
) STRICT;
INSERT INTO "clients" VALUES(X'01A211F35AA97BB3AA0763A895CDFABC',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-conformance-1','Conformance One','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token"]','["code"]','openid profile email address phone offline_access','client_secret_basic','[]',0,NULL,'RS256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA977B3A8DC4EE762789514',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-conformance-2','Conformance Two','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token"]','["code"]','openid profile email address phone offline_access','client_secret_basic','[]',0,NULL,'RS256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA971449532576E1CFDD36E',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-conformance-post','Conformance Post','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token"]','["code"]','openid profile email address phone offline_access','client_secret_post','[]',0,NULL,'RS256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA97994B18BF1E2E9A26CAB',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-es256','Web ES256','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token","client_credentials"]','["code"]','openid profile email address phone offline_access','client_secret_basic','[]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA972F78FAB5F35A3BBC2E9',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-rs256','Web RS256','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token","client_credentials"]','["code"]','openid profile email address phone offline_access','client_secret_basic','[]',1,NULL,'RS256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA97EDC8C90A7134590FE14',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-eddsa','Web EdDSA','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token","client_credentials"]','["code"]','openid profile email address phone offline_access','client_secret_basic','[]',1,NULL,'EdDSA',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA973508D0872CA481A65FA',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-post','Web Post','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token","client_credentials"]','["code"]','openid profile email address phone offline_access','client_secret_post','[]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA97B069EE0EFDD9F434ACC',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-odd-secret','Web Odd Secret','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token","client_credentials"]','["code"]','openid profile email address phone offline_access','client_secret_basic','[]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA97A4EB376850F0CFC63C0',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-userinfo-jwt','Web Signed UserInfo','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token","client_credentials"]','["code"]','openid profile email address phone offline_access','client_secret_basic','[]',1,NULL,'ES256','RS256','active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA97738B9C79080683FF4AB',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-no-pkce','Web Without PKCE','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token","client_credentials"]','["code"]','openid profile email address phone offline_access','client_secret_basic','[]',0,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA97FC7A4A267FBD1801DB7',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-second','Web Second','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token","client_credentials"]','["code"]','openid profile email address phone offline_access','client_secret_basic','[]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA975B69E2CCEC9ED79DDC8',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-suspended','Web To Suspend','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token","client_credentials"]','["code"]','openid profile email address phone offline_access','client_secret_basic','[]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA97BB18157F16CA78093CC',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-native','Native','public','native','["http://127.0.0.1/callback","com.example.porta:/callback"]','["http://127.0.0.1/after-logout"]','["authorization_code","refresh_token"]','["code"]','openid profile email offline_access','none','[]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA97A90BFEA2E2EFA31EF2C',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-spa','Single Page','public','spa','["https://rp.example.test/spa/callback"]','["https://rp.example.test/spa/after-logout"]','["authorization_code","refresh_token"]','["code"]','openid profile email offline_access','none','["https://rp.example.test"]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA976669CC6312833F12728',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA977D0B8D664F295BAC490','e2e-machine','Machine','confidential','web','[]','[]','["client_credentials"]','["code"]','openid','client_secret_basic','[]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA977428E765CFFEDD1573F',X'01A211F35AA97EECBA73BEFDBFCF2923',X'01A211F35AA97C1A882007063C14AB6A','e2e-beta','Beta Web','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token"]','["code"]','openid profile email offline_access','client_secret_basic','[]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA9779D9E4696530442EC03',X'01A211F35AA97EECBA73BEFDBFCF2923',X'01A211F35AA97C1A882007063C14AB6A','e2e-third-party','Beta Partner Portal','confidential','web','["https://rp.example.test/callback"]','["https://rp.example.test/after-logout"]','["authorization_code","refresh_token"]','["code"]','openid profile email offline_access','client_secret_basic','[]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
INSERT INTO "clients" VALUES(X'01A211F35AA9781183BC767AF3F3AB1C',X'01A211F35AA971CAB1820A2D923CD675',X'01A211F35AA976AD8A8FE80D331053AE','e2e-gamma','Gamma Web','confidential','web','["https://rp.example.test/callback"]','[]','["authorization_code","refresh_token"]','["code"]','openid profile email offline_access','client_secret_basic','[]',1,NULL,'ES256',NULL,'active',1795597490857351,1795597490857351);
CREATE TABLE custom_claim_definitions (
    id                      BLOB    NOT NULL PRIMARY KEY,
    application_id          BLOB    NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    claim_name              TEXT    NOT NULL,
    claim_type              TEXT    NOT NULL CHECK (claim_type IN ('string', 'number', 'boolean', 'json')),
    description             TEXT,
    include_in_id_token     INTEGER NOT NULL CHECK (include_in_id_token IN (0, 1)),
    include_in_access_token INTEGER NOT NULL CHECK (include_in_access_token IN (0, 1)),
    include_in_userinfo     INTEGER NOT NULL CHECK (include_in_userinfo IN (0, 1)),
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL
) STRICT;
INSERT INTO "custom_claim_definitions" VALUES(X'01A211F35AA97742A0B4BB373ACEAA69',X'01A211F35AA977D0B8D664F295BAC490','branch_code','string','Branch',1,1,1,1795597490857351,1795597490857351);
INSERT INTO "custom_claim_definitions" VALUES(X'01A211F35AA97E0B86D3B573B9AEDFEB',X'01A211F35AA977D0B8D664F295BAC490','discount_limit','number','Discount',0,1,1,1795597490857351,1795597490857351);
CREATE TABLE custom_claim_values (
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    claim_id   BLOB    NOT NULL REFERENCES custom_claim_definitions (id) ON DELETE CASCADE,
    value      TEXT    NOT NULL CHECK (json_valid(value)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, claim_id)
) STRICT;
INSERT INTO "custom_claim_values" VALUES(X'01A211F35AA97D8F9FB8FF98E231703F',X'01A211F35AA97742A0B4BB373ACEAA69','"LON-1"',1795597490857351,1795597490857351);
INSERT INTO "custom_claim_values" VALUES(X'01A211F35AA97D8F9FB8FF98E231703F',X'01A211F35AA97E0B86D3B573B9AEDFEB','15',1795597490857351,1795597490857351);
CREATE TABLE grants (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    client_id       BLOB    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes          TEXT    NOT NULL CHECK (json_valid(scopes) AND json_type(scopes) = 'array'),
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) STRICT;
INSERT INTO "grants" VALUES(X'01A211F35BD7781FB4ABAF5706A02635',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA97D8F9FB8FF98E231703F',X'01A211F35AA97994B18BF1E2E9A26CAB','["openid","email","offline_access"]',1795597491159541,1798189491159541);
INSERT INTO "grants" VALUES(X'01A211F35C1F77948BF5A2609C0B50B3',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA9756A84EED79DBD7AB5D0',X'01A211F35AA97994B18BF1E2E9A26CAB','["openid","email","offline_access"]',1795597491231589,1798189491231589);
CREATE TABLE leases (
    name   TEXT    NOT NULL PRIMARY KEY,
    holder BLOB    NOT NULL,
    until  INTEGER NOT NULL
) STRICT;
CREATE TABLE one_time_tokens (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    purpose         TEXT    NOT NULL CHECK (purpose IN ('magic_link', 'password_reset', 'invitation', 'email_verification')),
    digest          BLOB    NOT NULL CHECK (length(digest) = 32),
    -- The sign-in journey the token belongs to, when it must finish in the same browser.
    interaction_id  TEXT,
    details         TEXT    CHECK (json_valid(details)),
    invited_by      BLOB    REFERENCES users (id) ON DELETE SET NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER,
    created_at      INTEGER NOT NULL,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) STRICT;
CREATE TABLE organizations (
    id                     BLOB    NOT NULL PRIMARY KEY,
    name                   TEXT    NOT NULL,
    slug                   TEXT    NOT NULL,
    status                 TEXT    NOT NULL CHECK (status IN ('active', 'suspended', 'archived')),
    is_super_admin         INTEGER NOT NULL CHECK (is_super_admin IN (0, 1)),
    branding_logo_url      TEXT,
    branding_favicon_url   TEXT,
    branding_primary_color TEXT,
    branding_company_name  TEXT,
    branding_custom_css    TEXT,
    default_locale         TEXT    NOT NULL,
    two_factor_policy      TEXT    NOT NULL CHECK (two_factor_policy IN ('optional', 'required_email', 'required_totp', 'required_any')),
    default_login_methods  TEXT    NOT NULL CHECK (json_valid(default_login_methods) AND json_type(default_login_methods) = 'array' AND default_login_methods <> '[]' AND replace(replace(replace(default_login_methods, '"password"', ''), '"magic_link"', ''), ',', '') = '[]'),
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL,
    CHECK (NOT is_super_admin OR status = 'active')
) STRICT;
INSERT INTO "organizations" VALUES(X'00000000000070008000000000000001','Porta Admin','porta-admin','active',1,NULL,NULL,NULL,'Porta',NULL,'en','optional','["password","magic_link"]',0,0);
INSERT INTO "organizations" VALUES(X'01A211F35AA97345AEA6CB3A8ADF2611','Demo','demo','active',0,NULL,NULL,'#0B6E4F','Demo Works',NULL,'en','optional','["password"]',1795597490857351,1795597490857351);
INSERT INTO "organizations" VALUES(X'01A211F35AA97EECBA73BEFDBFCF2923','Beta','beta','active',0,NULL,NULL,NULL,NULL,NULL,'en','optional','["password"]',1795597490857351,1795597490857351);
INSERT INTO "organizations" VALUES(X'01A211F35AA971CAB1820A2D923CD675','Gamma','gamma','active',0,NULL,NULL,NULL,NULL,NULL,'en','optional','["password"]',1795597490857351,1795597490857351);
CREATE TABLE outbox (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    REFERENCES organizations (id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL,
    payload         TEXT    NOT NULL CHECK (json_valid(payload)),
    idempotency_key TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'given_up')),
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    next_attempt_at INTEGER NOT NULL,
    last_error      TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE TABLE permissions (
    id             BLOB    NOT NULL PRIMARY KEY,
    application_id BLOB    NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    module_id      BLOB    REFERENCES application_modules (id) ON DELETE SET NULL,
    name           TEXT    NOT NULL,
    slug           TEXT    NOT NULL,
    description    TEXT,
    created_at     INTEGER NOT NULL
) STRICT;
INSERT INTO "permissions" VALUES(X'01A211F35AA977579ABD5CA4111F7D72',X'01A211F35AA977D0B8D664F295BAC490',NULL,'Read orders','store:orders:read',NULL,1795597490857351);
INSERT INTO "permissions" VALUES(X'01A211F35AA977648726C017C0C9E9CF',X'01A211F35AA977D0B8D664F295BAC490',NULL,'Change orders','store:orders:write',NULL,1795597490857351);
CREATE TABLE porta_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum BLOB NOT NULL, applied_at INTEGER NOT NULL) STRICT;
INSERT INTO "porta_migrations" VALUES(1,'0001_organizations',X'FE3303F321FA2402FE864B4ECF8D5CED1E4BC9FE481EC09DF19DF478AD9DDF9A',1795597490622689);
INSERT INTO "porta_migrations" VALUES(2,'0002_applications',X'DB8F30C2EE9ABA79DF73D3EC27DE784925AB4822E12EF51E8736A5459767482D',1795597490624954);
INSERT INTO "porta_migrations" VALUES(3,'0003_clients',X'07763309F27618E3105D38C8D063B6A606911667E43906D1FEE5C6933C16DAA5',1795597490626736);
INSERT INTO "porta_migrations" VALUES(4,'0004_users',X'212ABE3F13C127841E1EE4EB276E3FE2953AEA74AB346D88CF68C66C011D9A89',1795597490628257);
INSERT INTO "porta_migrations" VALUES(5,'0005_rights',X'93006B769B55F24CA315359531FBA696A3F753F01EB3312A7C9A6D6A563C01BD',1795597490630463);
INSERT INTO "porta_migrations" VALUES(6,'0006_tokens',X'699CCEC0E48347C88CDC19FF15FFC72E76539EEB6618A1E036E59F9A101139E6',1795597490633008);
INSERT INTO "porta_migrations" VALUES(7,'0007_signing_keys',X'69D53D0CAF26C9E9505EE776FB0E9F30AEED55F482841F2E1FF6948805D6B305',1795597490634610);
INSERT INTO "porta_migrations" VALUES(8,'0008_audit',X'98060CCD4E6575073A6328C7F6EA61D829F9F95C527E40A4C7FE1144D09347AE',1795597490635685);
INSERT INTO "porta_migrations" VALUES(9,'0009_second_factors',X'4F48C94DB46D04CE24416FDE4911F2683D9823650158872383A98C4B9E98F0C8',1795597490636876);
INSERT INTO "porta_migrations" VALUES(10,'0010_background',X'09F70A235C4BB310ED7D3963B36EB7FAB916A2995346316C881F7AAEAC59FABC',1795597490638212);
INSERT INTO "porta_migrations" VALUES(11,'0011_seed',X'1EB7D4AEEBE3C28D1B255C18EFED217ED3997098A0FA5C61DB5D7EB136B728BB',1795597490639130);
CREATE TABLE refresh_tokens (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    family_id  BLOB    NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER,
    successor  BLOB    CHECK (length(successor) = 32),
    CHECK ((rotated_at IS NULL) = (successor IS NULL))
) STRICT;
INSERT INTO "refresh_tokens" VALUES(X'F20FE5724F9D7B3A1B724B269D538DF03F4428FF396F667DDB1BE0B37FB7D66C',X'01A211F35BD873E4A6F3C143B07A3DF5',1798189491159541,1795597491165509,1795597491203379,X'3948A960E92226220E87E7FED2CAFDA81B7922EB4BCB7B035C7DAE75475EA60C');
INSERT INTO "refresh_tokens" VALUES(X'3948A960E92226220E87E7FED2CAFDA81B7922EB4BCB7B035C7DAE75475EA60C',X'01A211F35BD873E4A6F3C143B07A3DF5',1798189491159541,1795597491203379,NULL,NULL);
INSERT INTO "refresh_tokens" VALUES(X'F6DEDCBD02FF2FA4EE440E251573291D41F2D01EEB61B4BC8FD6695333D93D95',X'01A211F35C20769BBAE03AE8F8C65043',1798189491231589,1795597491234380,1795597491237040,X'6D5D50E730B78B0C2F5F140283925E44008961AC896AD6D5D6F90C00D7AB5566');
INSERT INTO "refresh_tokens" VALUES(X'6D5D50E730B78B0C2F5F140283925E44008961AC896AD6D5D6F90C00D7AB5566',X'01A211F35C20769BBAE03AE8F8C65043',1798189491231589,1795597491237040,NULL,NULL);
CREATE TABLE role_permissions (
    role_id       BLOB    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    permission_id BLOB    NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (role_id, permission_id)
) STRICT;
INSERT INTO "role_permissions" VALUES(X'01A211F35AA979CD8EFEE8012BBC0296',X'01A211F35AA977579ABD5CA4111F7D72',1795597490857351);
INSERT INTO "role_permissions" VALUES(X'01A211F35AA97D74BA28EEB5E5A807D5',X'01A211F35AA977579ABD5CA4111F7D72',1795597490857351);
INSERT INTO "role_permissions" VALUES(X'01A211F35AA97D74BA28EEB5E5A807D5',X'01A211F35AA977648726C017C0C9E9CF',1795597490857351);
CREATE TABLE roles (
    id             BLOB    NOT NULL PRIMARY KEY,
    application_id BLOB    NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name           TEXT    NOT NULL,
    slug           TEXT    NOT NULL,
    description    TEXT,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
INSERT INTO "roles" VALUES(X'01A211F35AA979CD8EFEE8012BBC0296',X'01A211F35AA977D0B8D664F295BAC490','Clerk','clerk',NULL,1795597490857351,1795597490857351);
INSERT INTO "roles" VALUES(X'01A211F35AA97D74BA28EEB5E5A807D5',X'01A211F35AA977D0B8D664F295BAC490','Manager','manager',NULL,1795597490857351,1795597490857351);
CREATE TABLE sessions (
    id               BLOB    NOT NULL PRIMARY KEY,
    organization_id  BLOB    NOT NULL,
    user_id          BLOB    NOT NULL,
    ip_address       TEXT,
    user_agent       TEXT,
    created_at       INTEGER NOT NULL,
    last_activity_at INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL CHECK (expires_at > created_at),
    revoked_at       INTEGER,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) STRICT;
INSERT INTO "sessions" VALUES(X'01A211F35BD27EEEB249E9239F34AAE9',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA97D8F9FB8FF98E231703F','127.167.209.41','porta-e2e',1795597491154315,1795597491154315,1795683891154315,NULL);
INSERT INTO "sessions" VALUES(X'01A211F35C1B7BECB34C9A3AC2B6C524',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA9756A84EED79DBD7AB5D0','127.41.236.126','porta-e2e',1795597491227413,1795597491227413,1795683891227413,NULL);
CREATE TABLE settings (
    organization_id BLOB    REFERENCES organizations (id) ON DELETE CASCADE,
    key             TEXT    NOT NULL,
    value           TEXT    NOT NULL CHECK (json_valid(value)),
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE TABLE signing_keys (
    id                 BLOB    NOT NULL PRIMARY KEY,
    organization_id    BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    kid                TEXT    NOT NULL,
    algorithm          TEXT    NOT NULL CHECK (algorithm IN ('ES256', 'RS256', 'EdDSA')),
    public_jwk         TEXT    NOT NULL CHECK (json_valid(public_jwk)),
    private_key        BLOB    NOT NULL,
    private_key_key_id TEXT    NOT NULL,
    status             TEXT    NOT NULL CHECK (status IN ('next', 'active', 'retired', 'revoked')),
    activated_at       INTEGER,
    retired_at         INTEGER,
    expires_at         INTEGER,
    created_at         INTEGER NOT NULL
) STRICT;
INSERT INTO "signing_keys" VALUES(X'01A211F35AA97069A7085EB1C4660990',X'01A211F35AA97345AEA6CB3A8ADF2611','dinNlfR9PBOHrB9bdAqf-U5_Dv7CmVSXc5WDzKJs1c0','ES256','{"alg":"ES256","crv":"P-256","kid":"dinNlfR9PBOHrB9bdAqf-U5_Dv7CmVSXc5WDzKJs1c0","kty":"EC","use":"sig","x":"vLWcz7h2W_IHqvJtBqRFT6XoQ3X_gbVkJ3kLobgImGU","y":"eGHpt0Zkq1E_uBAf92rZRb6ql18Qj6WhQaU0IAUorf4"}',X'C9A97798BBE7EFD86BC4E55A588E7DDBE642785AD8717E8C6A8915E3389093FFE21944C9A84DE5F52CC9D3D00F48BBF08DD76EF5AC9CAC91569EB1BE20BBE91A3EC0C77F84B32DA931F420EAD9A0C563D413778A80F609104043FDCD30C7BD245C65168B1219C29D979A7135234F0DE724C0917067CE84E943A4BEB5309B4B76F044AB821947F9DA7FAB920FC46D8CAE14FF854C2A8D81098D215A257EF45C58A85AADD0B3ED','c7585d9f','active',1795597490857351,NULL,NULL,1795597490857351);
INSERT INTO "signing_keys" VALUES(X'01A211F35AA97A8EA9CF91B8310687C8',X'01A211F35AA97345AEA6CB3A8ADF2611','J5Er53OE0Xw3v6PmfA5zbb26ZDwdUGEBDV9PIcxCA88','ES256','{"alg":"ES256","crv":"P-256","kid":"J5Er53OE0Xw3v6PmfA5zbb26ZDwdUGEBDV9PIcxCA88","kty":"EC","use":"sig","x":"lTd-2Xdb_JQOBxhfBFHbUj3X_bFBLuJv4zD95Yr0Pe8","y":"ddx2FYai7ghIKpgDVqvBTuUlv1WPCRgbPEeK0PZp4ow"}',X'2661A08953961D888766D0D860C5F5BED5AEA387CABA496ED7229E2B0D938A2FA0DFDD06048C347D2DE8C72440B9C05BCC9A4731B700C6CF04C0F00C43DF07E9E285988F8D3AAFEBC0B794B5ACCB6082A5E686DC7706109D826AFBFDADF1EE1B80A51FADB32371E3043E7D2AC2BE2812D51E58E874991DD668FD3BA3798AA7394D62616A3A31F50CFA8BA3D15D42495776532312994FCE3BA5F3A3A92D5F940DA0635E0E37C0','c7585d9f','next',NULL,NULL,NULL,1795597490857351);
INSERT INTO "signing_keys" VALUES(X'01A211F35AA97567A55B5BD7EB5D2850',X'01A211F35AA97EECBA73BEFDBFCF2923','pZwP4zIAr08ZLO_C6s0GLjMrUvA0lGcGcExMFllOcUQ','ES256','{"alg":"ES256","crv":"P-256","kid":"pZwP4zIAr08ZLO_C6s0GLjMrUvA0lGcGcExMFllOcUQ","kty":"EC","use":"sig","x":"cFk0P7USJcWvXdIQBh9PTCLZCSeH446uQbtevQPlblc","y":"f3EC2NDCc6aG0S5RtEq539TDBv6DbG7hizSx-u7KW2Y"}',X'CB85D156A714C7740C4AF5B7A74A1FCE2CA620F002806D405DA728D9FF2AF6E9EEB321ADF6BD5FC5CC7754239F75F585EAE254FB7D028649DE8513F7F314E1B018A059288837563561C659D0223888A041878FC192DE5BA73280B322C9643764C80C96DF40CAA9E221FF98EE690D713B1037DF347F3A037B12930E2436E85A2FB1C4A60514E35E07A4A4174539E6F3BA460CC3EBAD121C538EE733C0E60D1FD389598D3DD766','c7585d9f','active',1795597490857351,NULL,NULL,1795597490857351);
INSERT INTO "signing_keys" VALUES(X'01A211F35AA97FA394C6F536B57C6BBB',X'01A211F35AA97EECBA73BEFDBFCF2923','MlKoIhckI2JKPDCaSyvkiTqTJvjqO_MTbZ4SDw9L1MY','ES256','{"alg":"ES256","crv":"P-256","kid":"MlKoIhckI2JKPDCaSyvkiTqTJvjqO_MTbZ4SDw9L1MY","kty":"EC","use":"sig","x":"28Fo6F5ekEaClLM0sPg5U4Ez4yJBnpluv0kR_meW-WY","y":"lF0OsH3JXTjMgikmcQq_4GBr7EMDsYoOjxNtDV_yi2U"}',X'3132443B9185A39BBCEF3D52AF0BA3EBE5BDB628832AE3B1E3D651018EC5AB011472D02FE7CACF5ED9E9EFC411C319ADEB70F8F74D81FB3C1589522E31EFB2436FEB21608789786B29ECE7107966C5A4484D8D871B4C3E57A5ED87534EEF1C6EFBC60EBED35D0D5F48000D30696A09CA5F34F240BB8740CB7DDBA473739B1FF41CFCC393B20651ECC78D1F193D160D74355AA6B5BD5DA27B84A089551C455BA21039F72B13FA','c7585d9f','next',NULL,NULL,NULL,1795597490857351);
INSERT INTO "signing_keys" VALUES(X'01A211F35AA9735E98C92BC51F6D65A8',X'01A211F35AA971CAB1820A2D923CD675','MkCm54_OyMrtm_Q9NIl-QzGry2jh3yh2IpjxLnE_hPU','ES256','{"alg":"ES256","crv":"P-256","kid":"MkCm54_OyMrtm_Q9NIl-QzGry2jh3yh2IpjxLnE_hPU","kty":"EC","use":"sig","x":"kua8PR1nv4yCEeRjzR_6kCBol-W-Z4HsmYfIKbdevts","y":"Z1J9F5rA-1dU5No1ULYs0YQLATUDMTMfCzPVBCZaWIM"}',X'151EF827AA0B550E209108EDA5171EB784F1E880BBF69C0A97E6F93E82C348A6FED9D3614690CAB59ED3CB2DA5B90EB060D5900E65FF08D196C078F0DA9070B86E5B4D035E22CF591F98D69E4554BDD4DF79706EB8890F5D325DEFEA6C8389775A7C101D0FC79BB5A456930247099842145965D443529C8711B707F2E1CF67821D6A9712899B00F52B615EEB77B272722EC0D9E92BADFD5CB35D7F41F5E0A480275D53F00FD3','c7585d9f','active',1795597490857351,NULL,NULL,1795597490857351);
INSERT INTO "signing_keys" VALUES(X'01A211F35AA972D4BFFD710CEBBEDE5B',X'01A211F35AA971CAB1820A2D923CD675','yM2v3gamRIyix37w_ZeVkkk81pZLFAgVMWtNd-keAho','ES256','{"alg":"ES256","crv":"P-256","kid":"yM2v3gamRIyix37w_ZeVkkk81pZLFAgVMWtNd-keAho","kty":"EC","use":"sig","x":"pUJpLyN4iUcb0P9c4AxBByWN0-_Yf-XNYvKW6CXtEzY","y":"SV0uWxnkapfT36gfLDD7KNnq1-kE1qfE8nV5Dt5XurE"}',X'136CDC65FDB15BF9E0E135B4A40A0368CF4F6D307AC6F831C24D36A17BFB3BC601988212F6E131145C5FDB7EFEEB5A26BC4AEC575EF3898624799902FC8B5F5D9FA390C07E6D5AC305DE49BF95290DB888FC5F03113E07568C7BC8B0C065BA966BDB54D215EF0F54D674AA4375C02293D2543D9AB95C06C2377C764F5CBB83AA4B899310E47447E71FDD302D49A6BAADA63A3C48677268F6C3BBC30160416B8DADFE7F81B2B0','c7585d9f','next',NULL,NULL,NULL,1795597490857351);
INSERT INTO "signing_keys" VALUES(X'01A211F35AA970B4A68D7B31ED90EFC6',X'01A211F35AA97345AEA6CB3A8ADF2611','jkq43n4lFVGIEsPoCO5rHVDbE2_XQCAGb0iuxpNhNmY','RS256','{"alg":"RS256","e":"AQAB","kid":"jkq43n4lFVGIEsPoCO5rHVDbE2_XQCAGb0iuxpNhNmY","kty":"RSA","n":"-v7U__gWgWwB6BtpIUoleCUaFl9qneHuHPc04o13Pk1Wvr09AHY3O1FtI07njj-pHV5kebAnjtcSNyiGjqKIa0jBa13hpQDbROu119WFx8tBW7aauCoBP39_2hhdrfnsYFr7bDD5g1vLFqZbX4aObmKrRFQuxPFDqj1QU9CpLVOERZJD2tmdJOD7Z2HrLVSwdcOLZxxSopxsTTsSesC2jqcN8ZtCJDZiLwNG1okNtghbJDWf8x2zKvA_8zt6DRAqoXJ9kvB2hd4Y8GCACu5kQvAtEy_FCDRODjIxOozrjQIihjBFVFqKnvCm_2WrlvjTJm7vjSclGLN-AHSbWhwkCw","use":"sig"}',X'C32AF6C340E1495D6206EE2C642F5AFB11BC455D5C2F326DA304D50C251F460E161E169004E1BC727B961A5F4C5F3EFAFFF34019D3F913B462EE8FFD8B8D6705046C5FFFC7C0FDC60FD3657DECEE5CCD329A5913A57B7855DF7DC1823F045D3BBD7910AC1C5E06208704CF15FF9CD963111F2F279EE15D77CEEBC77770B6DF070DB75D9AEEE59EE392ED22447C819EEC6C58500101B5A25A0086AADD35DC2FD88EDD57E67DE4079CEEA13A16DCED60194050A5C060D56B446D03B1B717A74E71A044005DFC5B062B258536AA8D872F4CC95F3EB240EA2FE524E494ABE85A6E877CBC6404F678C87A99C32F18CA303153317F96F27732BA6139EAE50EBE8FEEDFB18F469BB3F0AADA4123D185E72443C3C3F2E0E1CCC3ACB338E9D7997AECA73FB1EF25FC9C988C47712D3F8CECE55C37E83177C1E614F87AC3FB2EF4146A54B6A0B39C23C16B2BF96AD255DB3CCABBE598A0744E2BC27DEF1008A4BE2C6981740B829AB17C05637419EDD7CBFD1FCBBD34C43749E4252580B52A80CCBF6DF16A78A13734E7FBA69614A88A6691A36687D1496DE02A03DF75C69FFF4C9355829D951C016CEDA47A9EDCA8DAC55842155EE2E900BEC3AB3303FBFB0F5FB6504D0C5FC4820F188E5FEE3CA8AD1EDE0E6B412BFD605729339039054C0A45F30222DA76A22842F9EC1A16FCD2C48B3E2C7658E5A4E2F1FD65ED72F990ADF05BE228F09A681E277E2CDBA04B6A4AB43E6BEC2AA0721291D66B618F5C4FD1D9EEDF75714D0B6450BD520095E50822D69511367AA683C7C31026DBDB0A8E7FDC37257B359B6C413B916E91BAF4C4F84BE601F4856A2156EE2BED3FEB405B229D501320DB0D357CA7C4FC172A805D879BE035312450FE426A6C6E3D64ADE511EB2238212A92E823C6779D1A34576E6253FB84B7D87B303255121530F76F46B90A4C1F8DE0C778786F64A3DB9AA75393E767EE3E701560875E226F7CC81B6909FADC69E2A86E4C1B45930DE4B870A12F38C6D916C6B3F8BD51B0BB6E964147F433807C245EFE93B436A14626C10F8C38EB01FA11B6D607819F7FB062741068984214F7CDEB5CCB083DA74D8890D1A390FFF5C6756948348A6F653B57AC9B4832583514901030E8BE45392010EF6CF359970319148E743E5F24616B83175D3D20B5D01BB7A5565EE9017CEBC8B1AEE916974CB672AB5768867EE4BC519A5504E572A2B242B287FA904111059802DD0ED76B01AD6B3EBED9AC2876FB8DC29A802E0D5EED4C60BD0FC7B1BFCE9493E270A27F3821A082BA7915FF0FD29B6CDB4A07A412761ECF0C8AF323720BD7CC84691B83227C92EC8E516D2943CC9FD9DB25E511ACA383A571680DE33C92F6BAB8D4C11B7FC23D6AE360D9B8E755FD9922D54DF199DF60CD5CB8CE75EA4C6976F02B8B0CAE9A32DD3F42BCA62C4BA2A3A57B7E82735CAF45785BB89F7FF5E69AF20F063CFACB7D7606648459CA2EE700B6D13A0B85E5693B0D3E809BBF2F79062C844D0D7ED71D3481D530D9AF159B91EC08ACBEE8644E4765FFA3405719E063BEA614BB7FC18E6A5FA4BF6DE9B1A1AEA07B6A31480FBF0314CCC6C7B212849EB44342D6A097218C404B28384F486B933F99CA4C083DF5211DC281B87B80539851B59153009AA4934EC12CBD92F72DBF00A8A2D5927B2A7634A1219ED947B00B720A9659DC8DB1C7362A10DDA2D2E4115283F65BFA41BFC4A7A0E9F38654743AC2F41B29CF0BA7B2A9B71EA182AF3BAD2F0DC33E0B','c7585d9f','active',1795597490857351,NULL,NULL,1795597490857351);
INSERT INTO "signing_keys" VALUES(X'01A211F35AA97DD2B4B8A418DF3A4446',X'01A211F35AA97345AEA6CB3A8ADF2611','DxfGcCMIX6ErKUHWHVXAWCpO59HGLcbU26RmqVner4c','RS256','{"alg":"RS256","e":"AQAB","kid":"DxfGcCMIX6ErKUHWHVXAWCpO59HGLcbU26RmqVner4c","kty":"RSA","n":"1TdTzhfntBiW2GAfdC0nbOo4dkWMhsLR_oWyD2AWHm-hMidRCpANjBx8AzC_su7NKleVxMB8FJR7MQwYH4MIWVBlgS_x80pGnMcIvOroDNIpUjacxUxIuPl9JwMKklqHZbRS6tjB2EmDc4OHjuBuzV-zkcm9SpYa_Q27hc0l00L8FzlzQSBrs3r1MKjCsqzn0Y3if-ufz--LJJ_VZeb4GJplvg3rZZJgtjWzNT7EGWqf_Kzy2c1rJmX6yHoDPfc78uDPFlqqekHdivefr2j6iqsZcDgZE5cR89yv39KWsKp0XaOYrukHdjSAYsazDrQZZ10f18WtDr6zPI8Ef2xXyQ","use":"sig"}',X'4E2092DB44125633BE7EBCABD08B615BD2407210E035F5D1F146BB5BB4678CDD4D135F6ED209FFA45664655F5698224088DA012E90C671C8D69F2015B9E81B3444B262C479FFBA2B961EAD5E48444F57D9798750EDC8AEED731BD824C66E4773B86AE95BE7705999B44A0EF69188619A4B8A8103B414C65E22C2FA01BB751D1F7824DE88803CD11A16A883B2936161B6DE2C229F3F6A13BBEF001EB86F2ADD79EA07865438181D3EA7ADA121437CEB46D406A29F6F78DA933719339F3D532D4E5995D63ACC9E5BCDD0C61082757CEEF842704DCFEA10144E4C1E6D25422A46CE4CF25721F49C7B6BEEBD5485D8CE311FECD5DF6876418CE8B1DCDC4F76C459E84F405076C93DF7F2DABF873958AC3FF547E7E21695FE2F65822B73C0B8F549B60A7474043F6DDF0321F1E6E30DD73790C6B06255A4FB84EF55687D0058747E5144E574CDE62389C5126B32EFDBF714602FEEBA9BA36FAC19677D70E923C1A3B9975521C45B77B7698BDAF2F8AA8BD9F06092AF89D58A93479D3903CC5F3E5CFD42573466E0771957C96DA3618A75F842715A1297D4F7BE8AFD6CC31571E15D18EC5E5A3800F3CCB7573BDFCEF8120A39BB39916424673511137263DCB087C39C900CA03248E90987B20293D48C6D129AC1E3030766E8521FE9E938F8F6E7E5651DE5B501DD5923949555CF0930DA3B733030C7CE5847E7C19C636605F11B80108E9B9E77345E62D7CA1262F3E4A6E3607D629F149EA2A787341924F27846CCBBF60A33ACDEFBFA323099DCC4B1C5C65D12CE3F7CE2A5DA5B57D5415F7DBB173132CE68E3992F4C3C71A14DC4CE445D29B339DD53BAFA135FC92B80BBA7B9F7861CF543630E30C60D64F6BACB6A0CA6A10E35D357CDDC6B482789D3D62BEC62D13BEAD81273D75A847E3C1C22CAABDD745C659EB47B638366469DA27406D543CC021D7F80DDB05A6A1DA55332349EF2D79EE48AE8DF6D10CBBD82EA8C1D3A7C03586E8578993298CF10453D1C797A36AC0926158F9555DD2C7B2D133A1AF655B315072A9376A7B6CA1DFB49330A45553E08A3FB9B54A20E634BCEF5106FF6827C6DE5DAF4FFB86D3397A8AC763D700A25C07F876385EA3A0A40734C839997DD2280697624133A880A2CD297F922755889164E382C89112CC65C635E42E04680F315637DF744FF60D47B5DDBE6C8DADE2756889303D1B8FA9E79072D4DBC2DE6E5E523E9497AF24343008EA9725747D10AC3E3DE08DD99FB4F63626238BE77CDAB7DC2EBFB4691947A5CC8170913CDE94233C70C5F7A66761DAF300E255684C3FD2E8EE01802A0ABBC3EB216639131CBF354AB8103A1BFC621FB8A31952D60635294C6655CB0BD4CF4B5DB68378343566929B3286980180D3E47AF3BAD672F2EEC5A42EC6245557CEC8F9A1E58B970AFA5F8364C6CACECF9A61AA8C1DA78E711BCF22D1E61B867649DE4247D2378C94AC6AB2A3A98E28B0B9AB642D74C46739D4D1B8521FB690799FBA085098BB28B0D3799363EF0F8BAA3A8918F95CDBF7DED1D1403C1D8D2CFDB277F0AF67F310316694BF6A70EF7C4A622C4E475A7B5C4A369A123D9FBB271DB207726C27001ED18A96318C2D25A17E9F573CCCCB4FE3E1870E857505783F6BCFD140EEE5ED155062AD727A4C99812EE4750321177A46661BC17CF7004091B0A3198AE3AA6DD24278D29D5D5118E32340E18263169A19A66CCEB961FC469859582AAC83EDE04112EB74ACFFC196350EA1F261557C59675','c7585d9f','next',NULL,NULL,NULL,1795597490857351);
INSERT INTO "signing_keys" VALUES(X'01A211F35AA97218A47353E21F41EE24',X'01A211F35AA97345AEA6CB3A8ADF2611','lm9QnKzBw1HaHYSvfgYkmALNhffC1iYuOE7R1cbutRc','EdDSA','{"alg":"EdDSA","crv":"Ed25519","kid":"lm9QnKzBw1HaHYSvfgYkmALNhffC1iYuOE7R1cbutRc","kty":"OKP","use":"sig","x":"1FRC0RvryJrSg3NUyiR5S3GBw-ou0aka1BKVKVv4jts"}',X'0B5016E26D17D2E9E8119F2BB968BE681C9C2280BB7D4353C70E2F3A445F2CAD69D7131CD5695C0E41DBBE64EE9BAD4573C9A52B701BB2CA789DC99FA95BF5952BE78F1C2AB55C9FF33CDCEC','c7585d9f','active',1795597490857351,NULL,NULL,1795597490857351);
INSERT INTO "signing_keys" VALUES(X'01A211F35AA97B93A6AFDCAC68716681',X'01A211F35AA97345AEA6CB3A8ADF2611','UEzVpG-FGfRjhSSxKGUJsfqwc7JUrZc3xEIVbP3RReg','EdDSA','{"alg":"EdDSA","crv":"Ed25519","kid":"UEzVpG-FGfRjhSSxKGUJsfqwc7JUrZc3xEIVbP3RReg","kty":"OKP","use":"sig","x":"0DbWolPC3N3uQ4FO_uNMeKbcNkl2rZlDydNKe07GtJY"}',X'295B29F815E2FF4F4A5A1568A0035545A9B3166EC85FA28C162E4CCF730900046B926DB48BDEF0E8F74FE8F4379D33833441A7A03B791D95107739A901C6B0C04931E56683EEE741A9DC213E','c7585d9f','next',NULL,NULL,NULL,1795597490857351);
CREATE TABLE token_families (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    NOT NULL,
    client_id       BLOB    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id         BLOB    NOT NULL,
    grant_id        BLOB    NOT NULL,
    session_id      BLOB    NOT NULL,
    is_offline      INTEGER NOT NULL CHECK (is_offline IN (0, 1)),
    scope           TEXT    NOT NULL,
    nonce           TEXT,
    auth_time       INTEGER NOT NULL,
    acr             TEXT    NOT NULL,
    amr             TEXT    NOT NULL CHECK (json_valid(amr) AND json_type(amr) = 'array'),
    claims          TEXT    CHECK (json_valid(claims)),
    expires_at      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    revoked_at      INTEGER,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) STRICT;
INSERT INTO "token_families" VALUES(X'01A211F35BD873E4A6F3C143B07A3DF5',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA97994B18BF1E2E9A26CAB',X'01A211F35AA97D8F9FB8FF98E231703F',X'01A211F35BD7781FB4ABAF5706A02635',X'01A211F35BD27EEEB249E9239F34AAE9',1,'openid email offline_access','qvRBOJJXpido3FUtvpdekkUC41t3pC5l',1795597491154315,'urn:porta:acr:1fa','["pwd"]',NULL,1798189491159541,1795597491160659,NULL);
INSERT INTO "token_families" VALUES(X'01A211F35C20769BBAE03AE8F8C65043',X'01A211F35AA97345AEA6CB3A8ADF2611',X'01A211F35AA97994B18BF1E2E9A26CAB',X'01A211F35AA9756A84EED79DBD7AB5D0',X'01A211F35C1F77948BF5A2609C0B50B3',X'01A211F35C1B7BECB34C9A3AC2B6C524',1,'openid email offline_access','nL2Sj1qLAhQX3vcAim9z1QKP1IIRi0rm',1795597491227413,'urn:porta:acr:1fa','["pwd"]',NULL,1798189491231589,1795597491232239,NULL);
CREATE TABLE two_factor_email_codes (
    id             BLOB    NOT NULL PRIMARY KEY,
    user_id        BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose        TEXT    NOT NULL,
    interaction_id TEXT,
    code_hmac      BLOB    NOT NULL CHECK (length(code_hmac) = 32),
    attempts       INTEGER NOT NULL CHECK (attempts >= 0),
    expires_at     INTEGER NOT NULL,
    used_at        INTEGER,
    created_at     INTEGER NOT NULL
) STRICT;
CREATE TABLE two_factor_recovery_codes (
    id         BLOB    NOT NULL PRIMARY KEY,
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hmac  BLOB    NOT NULL CHECK (length(code_hmac) = 32),
    used_at    INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE user_roles (
    user_id     BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id     BLOB    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    assigned_by BLOB    REFERENCES users (id) ON DELETE SET NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, role_id)
) STRICT;
INSERT INTO "user_roles" VALUES(X'01A211F35AA97D8F9FB8FF98E231703F',X'01A211F35AA97D74BA28EEB5E5A807D5',NULL,1795597490857351);
CREATE TABLE user_totp (
    user_id         BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret          BLOB    NOT NULL,
    secret_key_id   TEXT    NOT NULL,
    algorithm       TEXT    NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
    digits          INTEGER NOT NULL CHECK (digits BETWEEN 6 AND 8),
    period          INTEGER NOT NULL CHECK (period BETWEEN 15 AND 120),
    -- The time step that was accepted last; a code is never accepted twice (RFC 6238 section 5.2).
    last_step       INTEGER,
    verified_at     INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE TABLE users (
    id                    BLOB    NOT NULL PRIMARY KEY,
    organization_id       BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email                 TEXT    NOT NULL,
    email_key             TEXT    NOT NULL,
    email_verified        INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    password_hash         TEXT,
    password_changed_at   INTEGER,
    given_name            TEXT,
    family_name           TEXT,
    middle_name           TEXT,
    nickname              TEXT,
    preferred_username    TEXT,
    profile_url           TEXT,
    picture_url           TEXT,
    website_url           TEXT,
    gender                TEXT,
    birthdate             TEXT    CHECK (length(birthdate) = 10),
    zoneinfo              TEXT,
    locale                TEXT,
    phone_number          TEXT,
    phone_number_verified INTEGER NOT NULL CHECK (phone_number_verified IN (0, 1)),
    address_street        TEXT,
    address_locality      TEXT,
    address_region        TEXT,
    address_postal_code   TEXT,
    address_country       TEXT,
    status                TEXT    NOT NULL CHECK (status IN ('active', 'inactive', 'suspended', 'locked')),
    locked_at             INTEGER,
    locked_reason         TEXT,
    last_login_at         INTEGER,
    login_count           INTEGER NOT NULL CHECK (login_count >= 0),
    failed_login_count    INTEGER NOT NULL CHECK (failed_login_count >= 0),
    last_failed_login_at  INTEGER,
    two_factor_method     TEXT    CHECK (two_factor_method IN ('email', 'totp')),
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    CHECK (status = 'locked' OR (locked_at IS NULL AND locked_reason IS NULL))
) STRICT;
INSERT INTO "users" VALUES(X'01A211F35AA97D8F9FB8FF98E231703F',X'01A211F35AA97345AEA6CB3A8ADF2611','ada@demo.example','ada@demo.example',1,'$argon2id$v=19$m=19456,t=2,p=1$aqcRGlpgxxKK4OWGfWT5dg$rzRnf9gbQNB/SQ77H5gMzunYyVFQOEG/lPDadroeOoo',1795597490857351,'Ada','Byron','Augusta','Ada','ada','https://people.example.test/ada','https://people.example.test/ada.png','https://ada.example.test/','female','1985-12-10','Europe/London','en-GB','+442071234567',1,'12 St James''s Square','London','Greater London','SW1Y 4JH','GB','active',NULL,NULL,1795597491154315,1,0,NULL,NULL,1795597490857351,1795597490857351);
INSERT INTO "users" VALUES(X'01A211F35AA9756A84EED79DBD7AB5D0',X'01A211F35AA97345AEA6CB3A8ADF2611','ben@demo.example','ben@demo.example',1,'$argon2id$v=19$m=19456,t=2,p=1$ORppT9uDRT8/x0peDbUfLw$spizUSgyDs17CaF4fIMdVJByx9921C9PVcvkOLCzJa8',1795597490857351,'Ben',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,'active',NULL,NULL,1795597491227413,1,0,NULL,NULL,1795597490857351,1795597490857351);
INSERT INTO "users" VALUES(X'01A211F35AA97BC2BABB9FFCD9A2AA5B',X'01A211F35AA97345AEA6CB3A8ADF2611','cleo@demo.example','cleo@demo.example',1,'$argon2id$v=19$m=19456,t=2,p=1$9gudF31p+iO3PYagVMJuxA$3VXC6HB9dZq9mWBq7qNAXIr5tcSmJgpcwcr4c4Qc67Y',1795597490857351,'Cleo','Suspended',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,'active',NULL,NULL,NULL,0,0,NULL,NULL,1795597490857351,1795597490857351);
INSERT INTO "users" VALUES(X'01A211F35AA971D090F8D456A544FF04',X'01A211F35AA97345AEA6CB3A8ADF2611','dora@demo.example','dora@demo.example',1,'$argon2id$v=19$m=19456,t=2,p=1$qsl6PTIdMqzI6oX99a4VZw$jp3+Y9pNVCFIaz9Ca2Nzg6jwy/VPMGLD8HSICjU6QQk',1795597490857351,'Dora','Locked',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,'active',NULL,NULL,NULL,0,0,NULL,NULL,1795597490857351,1795597490857351);
INSERT INTO "users" VALUES(X'01A211F35AA979AAB72CE324BAAD79D5',X'01A211F35AA97345AEA6CB3A8ADF2611','eve@demo.example','eve@demo.example',1,'$argon2id$v=19$m=19456,t=2,p=1$QOe0HRTRH1m2gGR2GqQ10w$FftTiAas6z2aVK9u9P7QZAz1m8CO5V6//5Q19AFZWv8',1795597490857351,'Eve',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,'inactive',NULL,NULL,NULL,0,0,NULL,NULL,1795597490857351,1795597490857351);
INSERT INTO "users" VALUES(X'01A211F35AA975B5ADA5C85DA0EF31F0',X'01A211F35AA97EECBA73BEFDBFCF2923','ada@demo.example','ada@demo.example',1,'$argon2id$v=19$m=19456,t=2,p=1$JmzBh9inEB9LvjweiNZezA$rrFDTJEvY+rzaHnwUX/CNhAaMVmTbsZK3Nf5QSstanM',1795597490857351,'Adele','Beta',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,'active',NULL,NULL,NULL,0,0,NULL,NULL,1795597490857351,1795597490857351);
INSERT INTO "users" VALUES(X'01A211F35AA97B0EB27ABCB2CAEEF010',X'01A211F35AA971CAB1820A2D923CD675','gil@gamma.example','gil@gamma.example',1,'$argon2id$v=19$m=19456,t=2,p=1$rPZBAaq7RZ+/oxXk1d9mAQ$g93X+kGw0SnLz88ZE+lwIwrDZ5TC9TnvG+RTm4oh7i0',1795597490857351,'Gil',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,'active',NULL,NULL,NULL,0,0,NULL,NULL,1795597490857351,1795597490857351);
CREATE UNIQUE INDEX organizations_slug ON organizations (slug);
CREATE UNIQUE INDEX organizations_super_admin ON organizations (is_super_admin) WHERE is_super_admin;
CREATE INDEX organizations_created ON organizations (created_at, id);
CREATE UNIQUE INDEX settings_owner_key ON settings (organization_id, key);
CREATE UNIQUE INDEX settings_platform_key ON settings (key) WHERE organization_id IS NULL;
CREATE UNIQUE INDEX branding_assets_owner_type ON branding_assets (organization_id, asset_type);
CREATE UNIQUE INDEX applications_owner_slug ON applications (organization_id, slug);
CREATE UNIQUE INDEX applications_platform_slug ON applications (slug) WHERE organization_id IS NULL;
CREATE INDEX applications_created ON applications (created_at, id);
CREATE UNIQUE INDEX application_modules_slug ON application_modules (application_id, slug);
CREATE UNIQUE INDEX clients_client_id ON clients (client_id);
CREATE INDEX clients_owner_created ON clients (organization_id, created_at, id);
CREATE INDEX clients_application ON clients (application_id);
CREATE INDEX client_organizations_organization ON client_organizations (organization_id);
CREATE INDEX client_secrets_client ON client_secrets (client_id, created_at, id);
CREATE UNIQUE INDEX users_email ON users (organization_id, email_key);
CREATE UNIQUE INDEX users_owner ON users (organization_id, id);
CREATE INDEX users_owner_created ON users (organization_id, created_at, id);
CREATE UNIQUE INDEX one_time_tokens_digest ON one_time_tokens (digest);
CREATE INDEX one_time_tokens_user ON one_time_tokens (organization_id, user_id, purpose);
CREATE INDEX one_time_tokens_invited_by ON one_time_tokens (invited_by) WHERE invited_by IS NOT NULL;
CREATE INDEX one_time_tokens_expires ON one_time_tokens (expires_at);
CREATE UNIQUE INDEX roles_slug ON roles (application_id, slug);
CREATE UNIQUE INDEX permissions_slug ON permissions (application_id, slug);
CREATE INDEX permissions_module ON permissions (module_id) WHERE module_id IS NOT NULL;
CREATE INDEX role_permissions_permission ON role_permissions (permission_id);
CREATE INDEX user_roles_role ON user_roles (role_id);
CREATE INDEX user_roles_assigned_by ON user_roles (assigned_by) WHERE assigned_by IS NOT NULL;
CREATE UNIQUE INDEX custom_claim_definitions_name ON custom_claim_definitions (application_id, claim_name);
CREATE INDEX custom_claim_values_claim ON custom_claim_values (claim_id);
CREATE INDEX sessions_user ON sessions (organization_id, user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);
CREATE UNIQUE INDEX grants_owner ON grants (organization_id, user_id, client_id);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_expires ON grants (expires_at);
CREATE INDEX token_families_user ON token_families (organization_id, user_id);
CREATE INDEX token_families_client ON token_families (client_id);
CREATE INDEX token_families_grant ON token_families (grant_id);
CREATE INDEX token_families_session ON token_families (session_id);
CREATE INDEX token_families_expires ON token_families (expires_at);
CREATE INDEX access_tokens_family ON access_tokens (family_id);
CREATE INDEX access_tokens_expires ON access_tokens (expires_at);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at);
CREATE UNIQUE INDEX signing_keys_kid ON signing_keys (kid);
CREATE UNIQUE INDEX signing_keys_vacancy ON signing_keys (organization_id, algorithm, status) WHERE status IN ('next', 'active');
CREATE INDEX signing_keys_owner ON signing_keys (organization_id);
CREATE INDEX audit_log_created ON audit_log (created_at, id);
CREATE INDEX audit_log_organization ON audit_log (organization_id, created_at, id);
CREATE INDEX audit_log_user ON audit_log (user_id, created_at) WHERE user_id IS NOT NULL;
CREATE INDEX audit_log_actor ON audit_log (actor_id, created_at) WHERE actor_id IS NOT NULL;
CREATE INDEX two_factor_email_codes_user ON two_factor_email_codes (user_id, created_at);
CREATE INDEX two_factor_email_codes_expires ON two_factor_email_codes (expires_at);
CREATE UNIQUE INDEX two_factor_recovery_codes_code ON two_factor_recovery_codes (user_id, code_hmac);
CREATE UNIQUE INDEX outbox_idempotency_key ON outbox (idempotency_key);
CREATE INDEX outbox_due ON outbox (next_attempt_at, id) WHERE state = 'pending';
CREATE INDEX outbox_finished ON outbox (updated_at) WHERE state <> 'pending';
CREATE INDEX outbox_organization ON outbox (organization_id, created_at, id);
COMMIT;
