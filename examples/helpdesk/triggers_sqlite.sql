
-- Touched rows say when; moved tickets are logged.

CREATE TRIGGER queues_touch AFTER UPDATE OF name, description, mailbox_id, sla_policy_id,
  owner_id, fallback_queue_id, max_open ON queues
WHEN new.updated_at = old.updated_at
BEGIN
  UPDATE queues SET updated_at = CURRENT_TIMESTAMP WHERE id = new.id;
END;

CREATE TRIGGER routing_rules_touch AFTER UPDATE OF name, queue_id, position, enabled,
  target_queue_id, assign_to, set_priority ON routing_rules
WHEN new.updated_at = old.updated_at
BEGIN
  UPDATE routing_rules SET updated_at = CURRENT_TIMESTAMP WHERE id = new.id;
END;

CREATE TRIGGER tickets_touch AFTER UPDATE OF subject, customer_id, queue_id, status_id,
  category_id, assignee_id, priority, closed_at ON tickets
WHEN new.updated_at = old.updated_at
BEGIN
  UPDATE tickets SET updated_at = CURRENT_TIMESTAMP WHERE id = new.id;
END;

CREATE TRIGGER tickets_moved AFTER UPDATE OF queue_id, status_id ON tickets
WHEN new.queue_id <> old.queue_id OR new.status_id <> old.status_id
BEGIN
  INSERT INTO audit_log (at, action, object_type, object_id, detail)
  VALUES (CURRENT_TIMESTAMP, 'ticket moved', 'Ticket', new.id,
          'queue ' || old.queue_id || ' -> ' || new.queue_id ||
          ', status ' || old.status_id || ' -> ' || new.status_id);
END;
