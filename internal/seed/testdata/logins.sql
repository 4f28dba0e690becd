select users.email, users.password_hash, role.role
from identity.users as users
inner join identity.user_roles as role on role.user_id = users.id
