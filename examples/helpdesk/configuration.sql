-- What a new installation of the desk starts with: its people and its configuration.

INSERT INTO countries (code, name) VALUES
  ('AT', 'Austria'), ('CZ', 'Czechia'), ('DE', 'Germany'), ('DK', 'Denmark'), ('FR', 'France'),
  ('IT', 'Italy'), ('NL', 'Netherlands'), ('NO', 'Norway'), ('PL', 'Poland'), ('SE', 'Sweden');

-- The hashes are of no password at all.
INSERT INTO users (id, login, name, email, phone, password_hash, active, created_at) VALUES
  (1, 'ada', 'Ada Lindqvist', 'ada@helpdesk.example', '+46 8 555 0101', 'argon2$c2VlZA$01', 1, '2024-01-02 08:00:00'),
  (2, 'bruno', 'Bruno Keller', 'bruno@helpdesk.example', '+49 30 555 0102', 'argon2$c2VlZA$02', 1, '2024-01-02 08:05:00'),
  (3, 'chiara', 'Chiara Romano', 'chiara@helpdesk.example', NULL, 'argon2$c2VlZA$03', 1, '2024-01-02 08:10:00'),
  (4, 'daan', 'Daan Visser', 'daan@helpdesk.example', '+31 20 555 0104', 'argon2$c2VlZA$04', 1, '2024-01-02 08:15:00'),
  (5, 'elise', 'Elise Fournier', 'elise@helpdesk.example', '+33 1 555 0105', 'argon2$c2VlZA$05', 1, '2024-01-02 08:20:00'),
  (6, 'filip', 'Filip Novak', 'filip@helpdesk.example', NULL, 'argon2$c2VlZA$06', 1, '2024-01-02 08:25:00'),
  (7, 'greta', 'Greta Hansen', 'greta@helpdesk.example', '+45 555 0107', 'argon2$c2VlZA$07', 1, '2024-01-03 09:00:00'),
  (8, 'henryk', 'Henryk Zielinski', 'henryk@helpdesk.example', NULL, 'argon2$c2VlZA$08', 0, '2024-01-03 09:05:00'),
  (9, 'ida', 'Ida Berg', 'ida@helpdesk.example', '+47 555 0109', 'argon2$c2VlZA$09', 1, '2024-02-12 10:00:00'),
  (11, 'jonas', 'Jonas Weber', 'jonas@helpdesk.example', NULL, 'argon2$c2VlZA$11', 1, '2024-03-04 10:00:00');

INSERT INTO roles (code, name, permissions) VALUES
  ('admin', 'Administrator', '["configure", "reply", "close", "delete", "report"]'),
  ('agent', 'Agent', '["reply", "close"]'),
  ('lead', 'Team lead', '["reply", "close", "delete", "report"]'),
  ('viewer', 'Viewer', '["report"]');

INSERT INTO user_roles (user_id, role_code) VALUES
  (1, 'admin'), (1, 'lead'), (2, 'lead'), (3, 'agent'), (4, 'agent'), (5, 'agent'), (6, 'agent'),
  (7, 'lead'), (8, 'agent'), (9, 'agent'), (11, 'viewer');

INSERT INTO api_tokens (id, user_id, name, token, expires_at) VALUES
  (1, 1, 'nightly export', 'hd_live_4f9c1e7a20', NULL),
  (2, 2, 'status page', 'hd_live_b06d83c511', '2026-12-31 00:00:00'),
  (4, 11, 'dashboard', 'hd_live_77a1f2d9e3', NULL);

INSERT INTO settings (name, value) VALUES
  ('attachment_limit_mb', '20'), ('auto_close_days', '14'), ('base_url', 'https://desk.helpdesk.example'),
  ('company_name', 'Nordlicht Instruments'), ('default_queue_id', '1'), ('reply_prefix', 'Re: '),
  ('survey_after_close', 'yes'), ('ticket_prefix', 'HD-');

INSERT INTO calendars (id, name, time_zone, hours, country_code) VALUES
  (1, 'Office hours', 'Europe/Stockholm', '{"mon": [["08:00", "17:00"]], "tue": [["08:00", "17:00"]], "wed": [["08:00", "17:00"]], "thu": [["08:00", "17:00"]], "fri": [["08:00", "15:00"]]}', 'SE'),
  (2, 'Round the clock', 'UTC', '{"always": true}', NULL);

INSERT INTO holidays (calendar_id, day, name) VALUES
  (1, '2024-12-24', 'Christmas Eve'), (1, '2024-12-25', 'Christmas Day'), (1, '2025-01-01', 'New Year'),
  (1, '2025-06-06', 'National Day'), (1, '2025-06-20', 'Midsummer Eve');

INSERT INTO sla_policies (id, name, calendar_id, enabled) VALUES
  (1, 'Standard', 1, 1), (2, 'Premium', 2, 1), (3, 'Internal', 1, 0);

INSERT INTO sla_targets (policy_id, priority, metric, minutes) VALUES
  (1, 'low', 'first_response', 960), (1, 'low', 'resolution', 4800),
  (1, 'normal', 'first_response', 480), (1, 'normal', 'resolution', 2400),
  (1, 'high', 'first_response', 120), (1, 'high', 'resolution', 960),
  (1, 'urgent', 'first_response', 60), (1, 'urgent', 'resolution', 480),
  (2, 'normal', 'first_response', 120), (2, 'normal', 'resolution', 720),
  (2, 'high', 'first_response', 45), (2, 'high', 'resolution', 360),
  (2, 'urgent', 'first_response', 15), (2, 'urgent', 'resolution', 180),
  (3, 'normal', 'resolution', 9600);

INSERT INTO mailboxes (id, name, address, host, password, enabled) VALUES
  (1, 'Support', 'support@helpdesk.example', 'imap.helpdesk.example', 'mb-9f31c0', 1),
  (2, 'Billing', 'billing@helpdesk.example', 'imap.helpdesk.example', 'mb-17de42', 1),
  (3, 'Returns', 'returns@helpdesk.example', 'imap.helpdesk.example', 'mb-c8804b', 1);

INSERT INTO queues (id, name, description, mailbox_id, sla_policy_id, owner_id, fallback_queue_id, max_open, created_at, updated_at) VALUES
  (1, 'Inbox', 'What nobody has looked at yet', 1, 1, 1, 0, 0, '2024-01-03 08:00:00', '2024-01-03 08:00:00'),
  (2, 'Technical', 'Devices, firmware, measurements', NULL, 1, 2, 1, 200, '2024-01-03 08:02:00', '2024-02-19 13:20:00'),
  (3, 'Billing', 'Invoices, refunds, contracts', 2, 1, 7, 1, 0, '2024-01-03 08:04:00', '2024-01-03 08:04:00'),
  (4, 'Returns', 'Repairs and replacements', 3, 1, 0, 2, 80, '2024-01-03 08:06:00', '2024-05-02 09:41:00'),
  (6, 'Premium', 'Customers with a premium contract', NULL, 2, 1, 2, 0, '2024-02-01 10:00:00', '2024-02-01 10:00:00'),
  (7, 'Internal', 'From colleagues', NULL, NULL, 0, 0, 0, '2024-02-15 16:30:00', '2024-02-15 16:30:00');

INSERT INTO queue_members (queue_id, user_id, capacity) VALUES
  (1, 3, 20), (1, 4, 20), (2, 2, 8), (2, 4, 12), (2, 6, 12), (3, 5, 15), (3, 7, 10), (4, 3, 10),
  (4, 9, 15), (6, 1, 5), (6, 2, 5), (7, 6, 10);

INSERT INTO ticket_statuses (id, name, position, is_closed, is_default, pauses_sla) VALUES
  (1, 'New', 1, 0, 1, 0), (2, 'Open', 2, 0, 0, 0), (3, 'Waiting for customer', 3, 0, 0, 1),
  (4, 'On hold', 4, 0, 0, 1), (5, 'Solved', 5, 1, 0, 0), (7, 'Closed', 6, 1, 0, 0);

INSERT INTO status_transitions (status_from, status_to, role_code) VALUES
  (1, 2, NULL), (1, 5, NULL), (1, 7, 'lead'), (2, 3, NULL), (2, 4, 'lead'), (2, 5, NULL),
  (3, 2, NULL), (3, 5, NULL), (4, 2, 'lead'), (5, 2, NULL), (5, 7, NULL), (7, 2, 'admin');

INSERT INTO categories (id, name, parent_id, queue_id) VALUES
  (1, 'Device', NULL, 2), (2, 'Display', 1, NULL), (3, 'Battery', 1, NULL), (4, 'Firmware', 1, 2),
  (5, 'Order', NULL, 3), (6, 'Invoice', 5, 3), (7, 'Delivery', 5, NULL), (8, 'Refund', 5, 3),
  (9, 'Account', NULL, 1), (10, 'Sign-in', 9, NULL), (12, 'Repair', 1, 4);

INSERT INTO custom_fields (id, name, kind, required, position, default_option_id) VALUES
  (1, 'Product', 'choice', 1, 1, 1), (2, 'Order number', 'text', 0, 2, NULL),
  (3, 'Region', 'choice', 0, 3, NULL), (4, 'Purchase date', 'date', 0, 4, NULL),
  (6, 'Affected users', 'number', 0, 5, NULL);

INSERT INTO custom_field_options (id, field_id, label, position) VALUES
  (1, 1, 'Spectra 200', 1), (2, 1, 'Spectra 400', 2), (3, 1, 'Lumen Mini', 3), (4, 1, 'Field Kit', 4),
  (5, 3, 'North', 1), (6, 3, 'Central', 2), (7, 3, 'South', 3), (9, 3, 'Overseas', 4);

INSERT INTO routing_rules (id, name, queue_id, position, enabled, target_queue_id, assign_to, set_priority, created_at, updated_at) VALUES
  (1, 'Premium customers first', 0, 1, 1, 6, 0, 'high', '2024-02-01 10:10:00', '2024-02-01 10:10:00'),
  (2, 'Colleagues', 0, 2, 1, 7, 0, NULL, '2024-02-15 16:32:00', '2024-02-15 16:32:00'),
  (3, 'Invoices', 1, 1, 1, 3, 0, NULL, '2024-01-03 09:00:00', '2024-01-03 09:00:00'),
  (4, 'Repairs', 1, 2, 1, 4, 0, NULL, '2024-01-03 09:02:00', '2024-01-03 09:02:00'),
  (5, 'Firmware', 1, 3, 1, 2, 6, NULL, '2024-01-03 09:04:00', '2024-04-09 11:00:00'),
  (7, 'Everything else technical', 1, 4, 1, 2, 0, 'normal', '2024-01-03 09:06:00', '2024-01-03 09:06:00'),
  (8, 'Large sites', 2, 1, 1, NULL, 2, 'urgent', '2024-03-11 14:00:00', '2024-03-11 14:00:00'),
  (9, 'Field kits', 2, 2, 0, 4, 9, NULL, '2024-03-11 14:05:00', '2024-03-11 14:05:00');

INSERT INTO rule_conditions (id, rule_id, field, operator, value) VALUES
  (1, 1, 'customer.company', 'in', '["Aurora Optik", "Delta Survey", "Havgard"]'),
  (2, 2, 'customer.email', 'contains', '@helpdesk.example'),
  (3, 3, 'subject', 'contains', 'invoice'), (4, 4, 'subject', 'contains', 'repair'),
  (5, 5, 'subject', 'contains', 'firmware'), (6, 5, 'field_1', 'is_not', 'option_4'),
  (8, 8, 'field_6', 'greater', '25'), (9, 8, 'priority', 'is', 'high'), (10, 9, 'field_1', 'is', 'option_4');

INSERT INTO macros (id, name, enabled, created_at) VALUES
  (1, 'Hand over to billing', 1, '2024-01-10 09:00:00'), (2, 'Ask for the serial number', 1, '2024-01-10 09:10:00'),
  (4, 'Close without answer', 1, '2024-03-18 15:00:00');

INSERT INTO macro_actions (id, macro_id, position, action, target_type, target_id, value) VALUES
  (1, 1, 1, 'move', 'Queue', 3, NULL), (2, 1, 2, 'assign', 'User', 7, NULL),
  (3, 1, 3, 'note', NULL, NULL, 'Handed over to billing.'),
  (4, 2, 1, 'reply', NULL, NULL, 'Which serial number is on the back of your device?'),
  (5, 2, 2, 'status', 'Status', 3, NULL), (7, 4, 1, 'categorise', 'Category', 9, NULL),
  (8, 4, 2, 'status', 'Status', 7, NULL);

INSERT INTO mail_templates (code, subject, body, updated_at) VALUES
  ('ticket_closed', 'Your request {{ticket.id}} is closed', 'Hello {{customer.name}},
we closed your request about {{field_1}}.', '2024-01-04 08:00:00'),
  ('ticket_received', 'We received your request {{ticket.id}}', 'Hello {{customer.name}},
thank you. Your order: {{field_2}}.', '2024-01-04 08:00:00'),
  ('ticket_reply', 'Re: {{ticket.subject}}', '{{message.body}}

Nordlicht Instruments', '2024-06-20 12:15:00');

INSERT INTO saved_views (id, name, owner_id, position, definition, created_at) VALUES
  (1, 'Open in billing and returns', 0, 1, '{"filter": {"queue_id": [3, 4], "status_id": [1, 2]}, "sort": "created_at"}', '2024-01-15 10:00:00'),
  (2, 'Field kits', 0, 2, '{"filter": {"field_1": "option_4"}, "columns": ["subject", "field_1", "field_3"]}', '2024-03-12 10:00:00'),
  (3, 'Mine', 3, 1, '{"filter": {"assignee_id": 3}, "sort": "-updated_at"}', '2024-01-15 11:00:00'),
  (5, 'Large sites', 0, 3, '{"filter": {"queue_id": [2], "field_6": ">25"}, "sort": "priority"}', '2024-03-12 10:30:00');

INSERT INTO webhooks (id, name, url, secret, events, queue_id, enabled) VALUES
  (1, 'Warehouse', 'https://warehouse.helpdesk.example/hooks/returns', 'whsec_5e1f0d', '["ticket.created", "ticket.closed"]', 4, 1),
  (2, 'Chat', 'https://chat.helpdesk.example/in/support', 'whsec_a94c37', '["ticket.created"]', NULL, 1);

INSERT INTO cache_marks (name, version) VALUES ('configuration', 1);
